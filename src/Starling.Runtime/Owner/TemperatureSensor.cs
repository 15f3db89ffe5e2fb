using System;
using System.IO;

namespace Starling.Runtime.Owner;

/// <summary>The hottest of what the system tells of processors and the zones around them, from <c>/sys/class/thermal</c> and <c>/sys/class/hwmon</c>.</summary>
internal static class TemperatureSensor
{
    private const double Coldest = -40;
    private const double Hottest = 150;

    /// <summary>Degrees Celsius; null: it does not tell.</summary>
    /// <param name="sys"><c>/sys</c>.</param>
    public static double? Read(string sys)
    {
        double? hottest = null;
        foreach (string zone in SensorFile.Folders(sys, "class", "thermal"))
        {
            if (Path.GetFileName(zone).StartsWith("thermal_zone", StringComparison.Ordinal))
            {
                hottest = Hotter(hottest, SensorFile.Number(zone, "temp"));
            }
        }

        foreach (string chip in SensorFile.Folders(sys, "class", "hwmon"))
        {
            if (SensorFile.Text(chip, "name")?.Trim() is "coretemp" or "k10temp" or "zenpower" or "cpu_thermal")
            {
                foreach (string file in SensorFile.Files(chip, "temp*_input"))
                {
                    hottest = Hotter(hottest, SensorFile.Number(file));
                }
            }
        }

        return hottest;
    }

    /// <summary>Broken sensors tell absurd numbers: those do not count.</summary>
    private static double? Hotter(double? hottest, long? millidegrees) =>
        millidegrees / 1000.0 is { } degrees and > Coldest and < Hottest && !(hottest > degrees) ? degrees : hottest;
}
