using System;

namespace Starling.Runtime.Execution;

/// <summary>A command that was started: by this program, or by a container engine.</summary>
public interface IRunningCommand
{
    /// <summary>Kills it with everything that it started; from any thread.</summary>
    void Kill();

    /// <summary>Tells all of its processes to end, and kills them when they have not after <paramref name="grace"/>. However it ends then, it counts as killed.</summary>
    void End(TimeSpan grace);

    /// <summary>Freezes it with all of its processes for want of a slot, or lets it go on. Its limit of wall time does not run meanwhile.</summary>
    void Pause(bool paused);

    /// <summary>
    /// Hands on the output, waits for the end, and kills what is left. To be called once, by the thread that will wait.
    /// </summary>
    /// <param name="output">Called on this thread. An exception from it passes, after the command was killed.</param>
    /// <param name="errors">Gets the standard error.</param>
    /// <param name="wall">Wall time that the command may take, from its start.</param>
    ProcessEnd Run(OutputReceiver output, StderrTail errors, TimeSpan wall);
}
