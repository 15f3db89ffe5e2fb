using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Starling.Runtime.Execution;

/// <summary>
/// One small shell beside this process that outlives it: it waits for the end of a pipe whose only writer is this process, then kills
/// every process whose environment carries the token, with its process group, until several looks in a row find none. Nothing is
/// registered with it, so a run costs it nothing and there is no moment in which a run is not covered.
/// </summary>
internal sealed class DeathGuard : IDisposable
{
    /// <summary>
    /// $1 is the token; it stands in no environment variable of the guard, so the guard does not find itself. A child between fork and exec
    /// still shows its parent's environment: hence the further looks over some seconds after the last find.
    /// </summary>
    private const string Script = """
        trap '' HUP INT TERM QUIT PIPE TSTP
        while read -r line; do [ "$line" = leave ] && exit 0; done
        clean=0
        while [ "$clean" -lt 5 ]; do
          found=
          for path in $(grep -slF -e "$1" /proc/[0-9]*/environ 2>/dev/null); do
            pid=${path#/proc/}
            pid=${pid%/environ}
            found=1
            if read -r stat < "/proc/$pid/stat"; then
              set -- "$1" ${stat##*) }
              [ "$4" -gt 1 ] && kill -9 -- "-$4"
            fi
            kill -9 "$pid"
          done 2>/dev/null
          if [ -n "$found" ]; then
            clean=0
          else
            clean=$((clean + 1))
            sleep 0.3
          fi
        done
        """;

    private readonly Lock _gate = new();
    private readonly Func<string, int, (int Pid, int Error)> _spawn;
    private int _pid = -1;
    private int _pipe = -1;
    private bool _disposed;

    /// <param name="spawn">Starts <c>/bin/sh -c</c> with a script and a standard input, in a session of its own: process id or error.</param>
    public DeathGuard(Func<string, int, (int Pid, int Error)> spawn) => _spawn = spawn;

    /// <summary>Process id of the guard; -1 while there is none.</summary>
    public int Pid => _pid;

    /// <summary>Starts the guard unless it runs; an error number, or 0.</summary>
    public unsafe int Ensure()
    {
        lock (_gate)
        {
            int status;
            if (_disposed || (_pid > 0 && LibC.WaitPid(_pid, &status, LibC.WaitNoHang) == 0))
            {
                return 0;
            }

            LibC.CloseIfOpen(_pipe);
            _pipe = -1;
            _pid = -1;
            int* ends = stackalloc int[2];
            if (LibC.Pipe(ends, LibC.CloseOnExec) != 0)
            {
                return Marshal.GetLastPInvokeError();
            }

            (int pid, int error) = _spawn(Script, ends[0]);
            LibC.CloseIfOpen(ends[0]);
            if (error != 0)
            {
                LibC.CloseIfOpen(ends[1]);
                return error;
            }

            _pid = pid;
            _pipe = ends[1];
            return 0;
        }
    }

    /// <summary>Sends it away; to be called when nothing is left to kill.</summary>
    public unsafe void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            if (_pid < 0)
            {
                return;
            }

            fixed (byte* leave = "leave\n"u8)
            {
                _ = LibC.Write(_pipe, leave, 6);
            }

            LibC.CloseIfOpen(_pipe);
            _pipe = -1;
            int status;
            while (LibC.WaitPid(_pid, &status, 0) < 0
                && Marshal.GetLastPInvokeError() == LibC.ErrorInterrupted)
            {
            }

            _pid = -1;
        }
    }
}
