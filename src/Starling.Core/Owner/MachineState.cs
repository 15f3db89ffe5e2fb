using System;
using System.Collections.Generic;

namespace Starling.Core.Owner;

/// <summary>What the sensors of a machine say at one moment; null: it can't be read here, or no rule asks for it.</summary>
public sealed record MachineState
{
    /// <summary>Minute of the week in local time, 0 to <see cref="WeekHours.Week"/> − 1; 0: Monday 00:00.</summary>
    public int MinuteOfWeek { get; init; }

    /// <summary>How long nobody has touched keyboard, mouse or terminal.</summary>
    public TimeSpan? InputIdle { get; init; }

    /// <summary>What other programs use of all cores, in percent.</summary>
    public double? OtherLoadPercent { get; init; }

    /// <summary>Whether it runs on battery; a machine without one does not.</summary>
    public bool IsOnBattery { get; init; }

    /// <summary>Charge of the battery in percent.</summary>
    public double? BatteryPercent { get; init; }

    /// <summary>The hottest sensor in degrees Celsius.</summary>
    public double? Temperature { get; init; }

    /// <summary>Those of <see cref="OwnerRules.ExclusivePrograms"/> that run.</summary>
    public IReadOnlyList<string> RunningPrograms { get; init; } = [];

    /// <summary>Whether it had been too hot, and is still to cool down.</summary>
    public bool WasHot { get; init; }
}
