using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Starling.Run;

/// <summary>Ctrl-C, SIGTERM and a lost terminal: the first asks to stop, the second ends it at once.</summary>
internal sealed class RunSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Action<string> _first;
    private readonly Action _again;
    private int _count;

    public RunSignals(Action<string> first, Action again)
    {
        _first = first;
        _again = again;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
        ];
    }

    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) == 1)
        {
            _first(context.Signal.ToString());
        }
        else
        {
            _again();
        }
    }
}
