using System;

namespace Starling.Runtime.Owner;

/// <summary>Battery and mains, from <c>/sys/class/power_supply</c>. Batteries of mice and phones do not count.</summary>
internal static class PowerSensor
{
    /// <summary>Whether the machine runs on battery, and the charge of all its batteries in percent; null: it does not tell.</summary>
    /// <param name="sys"><c>/sys</c>.</param>
    public static (bool IsOnBattery, double? Percent) Read(string sys)
    {
        bool isDischarging = false;
        bool isPlugged = false;
        double charge = 0;
        int batteries = 0;
        int charged = 0;
        foreach (string supply in SensorFile.Folders(sys, "class", "power_supply"))
        {
            string type = SensorFile.Text(supply, "type")?.Trim() ?? "";
            if (type is "Mains" or "USB")
            {
                isPlugged |= SensorFile.Number(supply, "online") == 1;
            }
            else if (type == "Battery" && SensorFile.Text(supply, "scope")?.Trim() != "Device" && SensorFile.Number(supply, "present") != 0)
            {
                batteries++;
                isDischarging |= SensorFile.Text(supply, "status")?.Trim() == "Discharging";
                if (SensorFile.Number(supply, "capacity") is { } percent)
                {
                    charge += Math.Clamp(percent, 0, 100);
                    charged++;
                }
            }
        }

        // Some tell "Discharging" for a moment beside a plug that is in.
        return (batteries > 0 && isDischarging && !isPlugged, charged > 0 ? charge / charged : null);
    }
}
