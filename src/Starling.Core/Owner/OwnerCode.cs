namespace Starling.Core.Owner;

/// <summary>Codes of what restricts a task (<c>starling why</c>).</summary>
public static class OwnerCode
{
    /// <summary>Not at this hour of the week.</summary>
    public const string Hours = "owner-hours";

    /// <summary>Somebody is at the machine.</summary>
    public const string Idle = "owner-idle";

    /// <summary>Other programs need the processor.</summary>
    public const string Load = "owner-load";

    /// <summary>It runs on battery.</summary>
    public const string Battery = "owner-battery";

    /// <summary>It is too hot.</summary>
    public const string Temperature = "owner-temperature";

    /// <summary>A program runs in whose company nothing is to.</summary>
    public const string Exclusive = "owner-exclusive";

    /// <summary>The turtle switch is on.</summary>
    public const string Turtle = "owner-turtle";

    /// <summary>This task is not to run here.</summary>
    public const string Task = "owner-task";

    /// <summary>A run of it may take more memory than there is for all.</summary>
    public const string Memory = "owner-memory";

    /// <summary>The folders of tasks take all the room that they may.</summary>
    public const string Disk = "owner-disk";

    /// <summary>All slots are given to other tasks, or some of what was asked for is.</summary>
    public const string Slots = "no-slot";

    /// <summary>A part of the processor.</summary>
    public const string Cpu = "owner-cpu";

    /// <summary>A rule whose sensor can't be read here, and which is let go.</summary>
    public const string Unreadable = "owner-unreadable";
}
