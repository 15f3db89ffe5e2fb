using System;

namespace Starling.Runtime.Execution;

/// <summary>Something that runs and can be frozen where it is: a command with its processes, or a kernel. Safe from every thread.</summary>
internal interface IHeldRun
{
    /// <summary>Freezes it for this cause, or ends the cause; it goes on when no cause is left.</summary>
    void Hold(HoldCause cause, bool held);

    /// <summary>Processor time that it took since this was last asked; never less than nothing.</summary>
    TimeSpan TakeProcessorTime();

    /// <summary>From now on it gets only what others leave of the processor. For good: an ordinary user may not take that back.</summary>
    void BeNice();
}

/// <summary>Why something is frozen.</summary>
[Flags]
internal enum HoldCause
{
    /// <summary>It is not.</summary>
    None = 0,

    /// <summary>There is no slot for this run now.</summary>
    Slot = 1,

    /// <summary>Nothing of the task may run now.</summary>
    Halt = 2,

    /// <summary>The part of the processor is used up for the moment.</summary>
    Share = 4,
}
