using System.Runtime.InteropServices;

namespace Starling.Runtime.Execution;

/// <summary>The two pipes of a run. All ends are close-on-exec, so runs that start at the same moment don't hold each other's.</summary>
internal record struct RunPipes
{
    /// <summary>Where standard output comes out.</summary>
    public int OutputRead { get; private set; }

    /// <summary>Where the run writes its standard output.</summary>
    public int OutputWrite { get; private set; }

    /// <summary>Where standard error comes out.</summary>
    public int ErrorRead { get; private set; }

    /// <summary>Where the run writes its standard error.</summary>
    public int ErrorWrite { get; private set; }

    /// <summary>Opens both pipes, or none.</summary>
    public static unsafe bool TryOpen(out RunPipes pipes, out int error)
    {
        int* ends = stackalloc int[4];
        pipes = default;
        error = 0;
        if (LibC.Pipe(ends, LibC.CloseOnExec) != 0)
        {
            error = Marshal.GetLastPInvokeError();
            return false;
        }

        if (LibC.Pipe(ends + 2, LibC.CloseOnExec) != 0)
        {
            error = Marshal.GetLastPInvokeError();
            LibC.CloseIfOpen(ends[0]);
            LibC.CloseIfOpen(ends[1]);
            return false;
        }

        pipes = new RunPipes { OutputRead = ends[0], OutputWrite = ends[1], ErrorRead = ends[2], ErrorWrite = ends[3] };
        return true;
    }

    /// <summary>Closes the ends that the run now holds.</summary>
    public void CloseWriteEnds()
    {
        LibC.CloseIfOpen(OutputWrite);
        LibC.CloseIfOpen(ErrorWrite);
        OutputWrite = -1;
        ErrorWrite = -1;
    }

    /// <summary>Closes the end of standard output.</summary>
    public void CloseOutput()
    {
        LibC.CloseIfOpen(OutputRead);
        OutputRead = -1;
    }

    /// <summary>Closes the end of standard error.</summary>
    public void CloseError()
    {
        LibC.CloseIfOpen(ErrorRead);
        ErrorRead = -1;
    }

    /// <summary>Closes what is open.</summary>
    public void CloseAll()
    {
        CloseWriteEnds();
        CloseOutput();
        CloseError();
    }
}
