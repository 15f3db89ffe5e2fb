using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Utp;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Network;

/// <summary>
/// uTP on the process's UDP port: connections out and in as streams. One lock around the state machines; acknowledgements are made once a batch of
/// datagrams. A timer runs only while something is under way.
/// </summary>
public sealed class UtpEndpoint : IDatagramHandler, IUtpOutput, IAsyncDisposable
{
    // Deadlines are half a second and more; a system that took no datagram is tried again at the next acknowledgement or after this.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FarewellCheck = TimeSpan.FromMilliseconds(20);

    private readonly UdpPort _port;
    private readonly UtpSocketTable _table;
    private readonly EngineClock _clock = new();
    private readonly Timer _timer;
    private readonly List<UtpStream> _accepted = [];
    private Action<UtpStream>? _accept;
    private bool _isTimerSoon;
    private bool _stopped;

    private UtpEndpoint(UdpPort port, UtpOptions options)
    {
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(seed);
        _port = port;
        _table = new UtpSocketTable(options, this, new DeterministicRandom(BitConverter.ToUInt64(seed))) { IsListening = false };
        _timer = new Timer(_ => OnTimer());
    }

    /// <summary>Held around every call of a state machine.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>The clock of the state machines.</summary>
    internal Instant Now => _clock.Now;

    /// <summary>Connections, those that end included.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (Gate)
            {
                return _table.Count;
            }
        }
    }

    /// <summary>Speaks uTP at this port from now on. Connections of others are accepted only after <see cref="Listen"/>.</summary>
    public static UtpEndpoint Start(UdpPort port, UtpOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(port);
        var endpoint = new UtpEndpoint(port, options ?? new UtpOptions());
        port.Add(endpoint);
        return endpoint;
    }

    /// <summary>Hands connections that others open to <paramref name="accept"/>, on a thread of the pool; it owns them.</summary>
    public void Listen(Action<UtpStream> accept)
    {
        lock (Gate)
        {
            _accept = accept;
            _table.IsListening = true;
        }
    }

    /// <summary>Answers no more SYNs; connections that stand go on.</summary>
    public void StopListening()
    {
        lock (Gate)
        {
            _table.IsListening = false;
        }
    }

    /// <summary>Opens a connection.</summary>
    /// <exception cref="IOException">Nobody answers, or there are too many connections.</exception>
    public async Task<UtpStream> ConnectAsync(PeerAddress to, CancellationToken cancellation)
    {
        UtpStream stream;
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            UtpConnection connection = _table.Connect(to, Now) ?? throw new IOException("Too many uTP connections.");
            stream = new UtpStream(this, connection);
            Worked();
        }

        try
        {
            await stream.ConnectedAsync(cancellation).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryHandle(PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        lock (Gate)
        {
            return !_stopped && _table.Receive(from, datagram, Now);
        }
    }

    /// <inheritdoc/>
    public void EndOfBatch()
    {
        lock (Gate)
        {
            if (!_stopped)
            {
                _table.EndOfBatch(Now);
                Worked();
            }
        }
    }

    /// <summary>
    /// Ends all connections; what their owners wrote before they let go may take <paramref name="farewell"/> to leave. Streams still in use break.
    /// </summary>
    public async ValueTask StopAsync(TimeSpan farewell)
    {
        StopListening();
        for (Instant end = Now + farewell; Now < end && HasUnsent();)
        {
            await Task.Delay(FarewellCheck).ConfigureAwait(false);
        }

        lock (Gate)
        {
            if (_stopped)
            {
                return;
            }

            _table.AbortAll(Now);
            _stopped = true;
        }

        _port.Remove(this);
        await _timer.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => StopAsync(TimeSpan.Zero);

    /// <inheritdoc/>
    bool IUtpOutput.Send(PeerAddress to, ReadOnlySpan<byte> datagram) => _port.Send(to, datagram);

    /// <inheritdoc/>
    void IUtpOutput.Accepted(UtpConnection connection) => _accepted.Add(new UtpStream(this, connection));

    /// <inheritdoc/>
    void IUtpOutput.Changed(UtpConnection connection) => (connection.Owner as UtpStream)?.Signal();

    /// <summary>A state machine was at work, the gate is held: hands on what came of it, and sees to the timer.</summary>
    internal void Worked()
    {
        foreach (UtpStream stream in _accepted)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static state => state.Accept(state.Stream), (Accept: _accept!, Stream: stream), preferLocal: false);
        }

        _accepted.Clear();
        if (!_isTimerSoon && !_stopped && _table.Count > 0)
        {
            _isTimerSoon = true;
            _timer.Change(Tick, Timeout.InfiniteTimeSpan);
        }
    }

    private bool HasUnsent()
    {
        lock (Gate)
        {
            return !_stopped && _table.HasFarewells;
        }
    }

    private void OnTimer()
    {
        try
        {
            lock (Gate)
            {
                if (_stopped)
                {
                    return;
                }

                _table.Tick(Now);
                _isTimerSoon = false;
                Instant next = _table.NextWake;
                if (next != Instant.Never)
                {
                    // Whatever happens before makes it soon again.
                    TimeSpan wait = next - Now;
                    _timer.Change(wait > Tick ? wait : Tick, Timeout.InfiniteTimeSpan);
                    _isTimerSoon = wait <= Tick;
                }
            }
        }
        catch (Exception bug)
        {
            Environment.FailFast("uTP met a bug", bug);
        }
    }
}
