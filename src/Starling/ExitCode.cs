namespace Starling;

/// <summary>What the process tells its caller (DESIGN section 11).</summary>
internal static class ExitCode
{
    /// <summary>It did what it was asked for.</summary>
    public const int Done = 0;

    /// <summary>It could not.</summary>
    public const int Failed = 1;

    /// <summary>The command line or a file it names is wrong.</summary>
    public const int Usage = 2;

    /// <summary>It was stopped before the task was complete.</summary>
    public const int Stopped = 3;

    /// <summary>A rule of this machine forbids it: walls, trust, limits.</summary>
    public const int Refused = 4;

    /// <summary>A bug in this program (BSD's <c>EX_SOFTWARE</c>).</summary>
    public const int Bug = 70;
}
