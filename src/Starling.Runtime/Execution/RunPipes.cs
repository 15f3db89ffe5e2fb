using System.Runtime.InteropServices;

namespace Starling.Runtime.Execution;

/// <summary>The pipes of a run: two, or three when it takes input. All ends are close-on-exec, so runs that start at the same moment don't hold each other's.</summary>
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

    /// <summary>Where the run reads its standard input; -1: it takes none.</summary>
    public int InputRead { get; private set; }

    /// <summary>Where its standard input is written.</summary>
    public int InputWrite { get; private set; }

    /// <summary>Opens all pipes, or none.</summary>
    public static unsafe bool TryOpen(bool takesInput, out RunPipes pipes, out int error)
    {
        int* ends = stackalloc int[6];
        int count = takesInput ? 6 : 4;
        ends[4] = ends[5] = -1;
        pipes = default;
        error = 0;
        for (int i = 0; i < count; i += 2)
        {
            if (LibC.Pipe(ends + i, LibC.CloseOnExec) != 0)
            {
                error = Marshal.GetLastPInvokeError();
                for (int k = 0; k < i; k++)
                {
                    LibC.CloseIfOpen(ends[k]);
                }

                return false;
            }
        }

        pipes = new RunPipes
        {
            OutputRead = ends[0],
            OutputWrite = ends[1],
            ErrorRead = ends[2],
            ErrorWrite = ends[3],
            InputRead = ends[4],
            InputWrite = ends[5],
        };
        return true;
    }

    /// <summary>Closes the ends that the run now holds.</summary>
    public void CloseWriteEnds()
    {
        LibC.CloseIfOpen(OutputWrite);
        LibC.CloseIfOpen(ErrorWrite);
        LibC.CloseIfOpen(InputRead);
        OutputWrite = -1;
        ErrorWrite = -1;
        InputRead = -1;
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
        LibC.CloseIfOpen(InputWrite);
        InputWrite = -1;
    }

    /// <summary>Hands the end of standard input to somebody who closes it.</summary>
    public int TakeInputWrite()
    {
        int taken = InputWrite;
        InputWrite = -1;
        return taken;
    }
}
