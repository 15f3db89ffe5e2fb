using System;
using System.Collections.Generic;
using Starling.Core.Owner;
using Starling.Runtime.Owner;

namespace Starling.Tests.Runtime.Owner;

public sealed class MachineSensorsTests : IDisposable
{
    private static readonly OwnerRules Curious = new()
    {
        IdleInput = TimeSpan.FromMinutes(5),
        IdleLoadPercent = 50,
        BatteryFromPercent = 50,
        MaxTemperature = 80,
        ExclusivePrograms = ["blender", "a-program-with-a-long-name"],
    };

    private readonly SensorTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void What_cannot_be_read_is_not_known()
    {
        MachineState state = Read();

        Assert.Null(state.InputIdle);
        Assert.Null(state.OtherLoadPercent);
        Assert.Null(state.Temperature);
        Assert.Null(state.BatteryPercent);
        Assert.False(state.IsOnBattery);
        Assert.Empty(state.RunningPrograms);
    }

    [Fact]
    public void Load_is_that_of_others_alone()
    {
        var sensors = new MachineSensors(_tree.Roots);
        _tree.Load(1000, 1000);
        _tree.Process(10, 1, "starling", 500);
        _tree.Process(11, 10, "sh", 100);
        _tree.Process(12, 11, "sha256sum", 50);
        _tree.Process(99, 1, "firefox", 0);
        Assert.Equal(0, sensors.Read(Curious, [10]).OtherLoadPercent);

        _tree.Clock.Utc += TimeSpan.FromSeconds(1);
        _tree.Load(1150, 1050);
        _tree.Process(12, 11, "sha256sum", 150);
        Assert.Equal(25, sensors.Read(Curious, [10]).OtherLoadPercent!.Value, 3);

        // A run that ended: its parent waited for it, so that its time is the parent's.
        _tree.Clock.Utc += TimeSpan.FromSeconds(4);
        _tree.Load(1350, 1250);
        _tree.End(12);
        _tree.Process(11, 10, "sh", 300);
        Assert.Equal(37.5, sensors.Read(Curious, [10]).OtherLoadPercent!.Value, 3);
    }

    [Fact]
    public void Programs_of_runs_are_none_that_the_owner_started()
    {
        _tree.Load(1, 1);
        _tree.Process(10, 1, "starling", 0);
        _tree.Process(11, 10, "blender", 0);
        _tree.Process(12, 1, "a-program-with-", 0);
        Assert.Equal(["a-program-with-a-long-name"], Read(10).RunningPrograms);
        Assert.Equal(["blender", "a-program-with-a-long-name"], Read().RunningPrograms);
    }

    [Fact]
    public void Input_is_the_latest_of_terminals_keyboard_and_desktop()
    {
        DateTime now = _tree.Clock.Utc.UtcDateTime;
        _tree.Touch("dev/pts/0", now - TimeSpan.FromMinutes(9));
        _tree.Touch("dev/pts/ptmx", now);
        _tree.Touch("dev/tty", now);
        Assert.Equal(TimeSpan.FromMinutes(9), Read().InputIdle);

        _tree.Touch("dev/tty1", now - TimeSpan.FromMinutes(3));
        Assert.Equal(TimeSpan.FromMinutes(3), Read().InputIdle);

        _tree.Desktop = TimeSpan.FromSeconds(2);
        Assert.Equal(TimeSpan.FromSeconds(2), Read().InputIdle);
    }

    [Fact]
    public void A_built_in_keyboard_is_heard_by_its_interrupts()
    {
        var sensors = new MachineSensors(_tree.Roots);
        _tree.Write("proc/interrupts", "   CPU0 CPU1\n  1:  5  7  IO-APIC  1-edge  i8042\n  8:  1  1  IO-APIC  8-edge  rtc0\n");
        Assert.Null(sensors.Read(Curious, []).InputIdle);
        _tree.Clock.Utc += TimeSpan.FromMinutes(1);
        _tree.Write("proc/interrupts", "   CPU0 CPU1\n  1:  5  8  IO-APIC  1-edge  i8042\n");
        Assert.Equal(TimeSpan.Zero, sensors.Read(Curious, []).InputIdle);
        _tree.Clock.Utc += TimeSpan.FromMinutes(2);
        Assert.Equal(TimeSpan.FromMinutes(2), sensors.Read(Curious, []).InputIdle);
    }

    [Theory]
    [InlineData("Discharging", "0", true)]
    [InlineData("Discharging", "1", false)]
    [InlineData("Charging", "1", false)]
    [InlineData("Full", "0", false)]
    public void A_battery_counts_when_it_is_used(string status, string online, bool isOnBattery)
    {
        _tree.Write("sys/class/power_supply/AC/type", "Mains\n");
        _tree.Write("sys/class/power_supply/AC/online", $"{online}\n");
        _tree.Write("sys/class/power_supply/BAT0/type", "Battery\n");
        _tree.Write("sys/class/power_supply/BAT0/status", $"{status}\n");
        _tree.Write("sys/class/power_supply/BAT0/capacity", "73\n");
        _tree.Write("sys/class/power_supply/mouse/type", "Battery\n");
        _tree.Write("sys/class/power_supply/mouse/scope", "Device\n");
        _tree.Write("sys/class/power_supply/mouse/status", "Discharging\n");
        _tree.Write("sys/class/power_supply/mouse/capacity", "3\n");

        MachineState state = Read();
        Assert.Equal(isOnBattery, state.IsOnBattery);
        Assert.Equal(73, state.BatteryPercent);
    }

    [Fact]
    public void The_hottest_sensor_counts_and_broken_ones_do_not()
    {
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "45000\n");
        _tree.Write("sys/class/thermal/thermal_zone1/temp", "-273200\n");
        _tree.Write("sys/class/thermal/cooling_device0/temp", "99000\n");
        _tree.Write("sys/class/hwmon/hwmon0/name", "nvme\n");
        _tree.Write("sys/class/hwmon/hwmon0/temp1_input", "85000\n");
        Assert.Equal(45, Read().Temperature);

        _tree.Write("sys/class/hwmon/hwmon1/name", "coretemp\n");
        _tree.Write("sys/class/hwmon/hwmon1/temp2_input", "81500\n");
        Assert.Equal(81.5, Read().Temperature);
    }

    [Fact]
    public void A_hot_machine_is_remembered_until_it_has_cooled_down()
    {
        var sensors = new MachineSensors(_tree.Roots);
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "81000\n");
        Assert.True(OwnerPolicy.IsHot(Curious, sensors.Read(Curious, [])));
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "78000\n");
        Assert.True(OwnerPolicy.IsHot(Curious, sensors.Read(Curious, [])));
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "75000\n");
        Assert.False(OwnerPolicy.IsHot(Curious, sensors.Read(Curious, [])));
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "78000\n");
        Assert.False(OwnerPolicy.IsHot(Curious, sensors.Read(Curious, [])));
    }

    [Fact]
    public void Nothing_is_read_that_no_rule_asks_for()
    {
        _tree.Desktop = TimeSpan.FromSeconds(2);
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "81000\n");
        MachineState state = new MachineSensors(_tree.Roots).Read(new OwnerRules(), []);
        Assert.Null(state.InputIdle);
        Assert.Null(state.Temperature);
    }

    [Theory]
    [InlineData("1 (sh) S 0", false)]
    [InlineData("1 sh S 0 1 1 0 -1 4194304 1 0 0 0 1 2 3 4 20 0 1 0 9 1", false)]
    [InlineData("1 (", false)]
    [InlineData("", false)]
    [InlineData("7 (a b) c)) R 3 1 1 0 -1 4194304 1 0 0 0 1 2 3 4 20 0 1 0 9 1", true)]
    public void A_line_of_a_process_is_read_or_not(string line, bool right)
    {
        Assert.Equal(right, ProcessTable.TryParseStat(7, System.Text.Encoding.ASCII.GetBytes(line), out ProcessEntry entry));
        if (right)
        {
            Assert.Equal(new ProcessEntry(7, 3, "a b) c)", 10, 9), entry);
        }
    }

    private MachineState Read(params IReadOnlyCollection<int> ours) => new MachineSensors(_tree.Roots).Read(Curious, ours);
}
