using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Torrents;
using Starling.Core.Wire;
using Starling.Runtime.Network;

namespace Starling.Runtime.Torrents;

/// <summary>
/// One connection of a data swarm. Large reads, cut into messages where they lie; blocks go into pooled buffers at once. Writes gather what waits, blocks
/// read from the files straight into the buffer that is sent. The read loop lives as long as the link; the write loop only while something waits.
/// </summary>
internal sealed class DataLink
{
    private const int SmallestRead = 16 * 1024;
    private const int LargestRead = 256 * 1024;

    /// <summary>Sixteen blocks of 16 KiB with their headers, or one of the longest that is served.</summary>
    private const int WriteSize = 16 * (BlockBuffer.Capacity + PeerMessageCodec.BlockHeaderSize);

    /// <summary>Sent bytes after which the swarm is told while more waits.</summary>
    private const int DrainReportBytes = 512 * 1024;

    private readonly TorrentSession _session;
    private readonly Stream _stream;
    private readonly TimeSpan _closeGrace;
    private readonly DataSendQueue _queue = new();
    private readonly DataFrameReader _reader;
    private string? _reason;
    private bool _brokeRules;
    private volatile Task _writing = Task.CompletedTask;
    private long _writeStartedMs;
    private int _unreported;

    public DataLink(LinkId id, TorrentSession session, Stream stream, TimeSpan closeGrace)
    {
        Id = id;
        _session = session;
        _stream = stream;
        _closeGrace = closeGrace;
        _reader = new DataFrameReader(session.Pool.Rent);
    }

    public LinkId Id { get; }

    private bool IsClosing => Volatile.Read(ref _reason) is not null;

    /// <summary>The link's whole life after its LinkOpened; the last thing that it posts is LinkClosed.</summary>
    public async Task RunAsync(bool expectHandshake)
    {
        string ended;
        try
        {
            ended = expectHandshake && !await ReadHandshakeAsync().ConfigureAwait(false)
                ? "it does not speak BitTorrent" : await ReadAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            ended = NetworkFailure.Describe(exception);
        }

        Abort(ended);
        await _writing.ConfigureAwait(false);
        if (_reader.TakePartialBlock() is { } partial)
        {
            _session.Pool.Return(partial);
        }

        _session.Post(new DataInput.LinkClosed(Id, _reason!) { BrokeRules = _brokeRules });
    }

    /// <summary>Queues bytes; from the engine's thread.</summary>
    public void Send(ReadOnlyMemory<byte> bytes)
    {
        if (!IsClosing && _queue.Add(bytes))
        {
            _writing = Task.Run(WriteAsync);
        }
    }

    /// <summary>Queues blocks; from the engine's thread.</summary>
    public void SendBlocks(IReadOnlyList<BlockRange> blocks)
    {
        if (!IsClosing && _queue.Add(blocks))
        {
            _writing = Task.Run(WriteAsync);
        }
    }

    /// <summary>Sends what waits, within a grace, and ends the link.</summary>
    public async Task CloseAsync(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is null)
        {
            try
            {
                await _writing.WaitAsync(_closeGrace).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // The peer does not take it.
            }

            await _stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends the link at once.</summary>
    public void Abort(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        _stream.Dispose();
    }

    /// <summary>Ends the link when the peer has taken nothing for too long; called now and then.</summary>
    public void CheckDeadline(long nowMs, TimeSpan writeTimeout)
    {
        long started = Volatile.Read(ref _writeStartedMs);
        if (started != 0 && nowMs - started > writeTimeout.TotalMilliseconds)
        {
            _brokeRules = true;
            Abort($"the peer took nothing for {writeTimeout.TotalSeconds:0.#} s");
        }
    }

    private async Task<bool> ReadHandshakeAsync()
    {
        var bytes = new byte[Handshake.Size];
        await _stream.ReadExactlyAsync(bytes).ConfigureAwait(false);
        bool read = Handshake.TryDecode(bytes, out Handshake handshake);
        if (read)
        {
            _session.Post(new DataInput.HandshakeReceived(Id, handshake));
        }

        return read;
    }

    private async Task<string> ReadAsync()
    {
        int size = SmallestRead;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            while (true)
            {
                await _session.RoomAsync().ConfigureAwait(false);
                int count = await _stream.ReadAsync(buffer.AsMemory(0, size)).ConfigureAwait(false);
                if (count == 0)
                {
                    return "the peer closed the connection";
                }

                var frames = new List<DataFrame>((count / BlockBuffer.Capacity) + 1);
                _reader.Read(buffer.AsSpan(0, count), frames);
                if (frames.Count > 0)
                {
                    _session.Post(new DataInput.FramesReceived(Id, frames));
                }

                if (_reader.Problem is { } problem)
                {
                    _brokeRules = true;
                    return problem.Reason;
                }

                // Fast links read much at a time, idle ones hold little.
                int next = count == size ? Math.Min(size * 4, LargestRead) : count < size / 8 ? Math.Max(size / 4, SmallestRead) : size;
                if (next != size)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    size = next;
                    buffer = ArrayPool<byte>.Shared.Rent(size);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task WriteAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(WriteSize);
        try
        {
            while (true)
            {
                int count = Fill(buffer.AsSpan(0, WriteSize), out bool ended);
                if (ended)
                {
                    break;
                }

                Volatile.Write(ref _writeStartedMs, Environment.TickCount64);
                await _stream.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                Volatile.Write(ref _writeStartedMs, 0);
                _unreported += count;
                if (_unreported >= DrainReportBytes)
                {
                    Report();
                }
            }
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            Abort(NetworkFailure.Describe(exception));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Report()
    {
        int sent = _unreported;
        _unreported = 0;
        if (!IsClosing)
        {
            _session.Post(new DataInput.LinkDrained(Id, sent));
        }
    }

    /// <summary>Gathers what waits, as far as there is room. Ended: nothing waits, and whoever adds starts the next writer.</summary>
    private int Fill(Span<byte> buffer, out bool ended)
    {
        int count = 0;
        while (true)
        {
            if (count == 0 && _unreported > 0 && _queue.IsEmpty)
            {
                // Before the writer ends: afterwards another may be running.
                Report();
            }

            if (!_queue.TryTake(buffer.Length - count, PeerMessageCodec.BlockHeaderSize, count == 0, out ReadOnlyMemory<byte> bytes, out BlockRange block, out ended))
            {
                return count;
            }

            if (block.Length == 0)
            {
                bytes.Span.CopyTo(buffer[count..]);
                count += bytes.Length;
                continue;
            }

            PeerMessageCodec.WriteBlockHeader(buffer[count..], block.Piece, block.Begin, block.Length);
            count += PeerMessageCodec.BlockHeaderSize;
            if (_session.Read(block, buffer.Slice(count, block.Length)) is { } problem)
            {
                _session.ReadFailed(problem);
                throw new IOException(problem.Reason);
            }

            count += block.Length;
        }
    }
}
