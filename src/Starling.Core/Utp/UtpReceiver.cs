using System;
using System.Buffers;

namespace Starling.Core.Utp;

/// <summary>The receiving half of a connection: puts packets in order and knows what to acknowledge.</summary>
internal sealed class UtpReceiver(int window)
{
    /// <summary>Packets that may come ahead of a missing one; more than senders have under way (libutp 1,024).</summary>
    public const int ReorderCapacity = 1024;

    private readonly ByteRing _ordered = new();
    private (byte[] Buffer, int Size)[] _early = [];
    private int _earlyCount;
    private int _earlyBytes;
    private int _highestEarly;
    private ushort _next;
    private ushort _finSequence;
    private bool _finKnown;
    private uint _advertised = (uint)window;

    /// <summary>Bytes that can be read.</summary>
    public int Available => _ordered.Count;

    /// <summary>Whether the peer has sent all it will, and all of it came.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether the peer should hear of it.</summary>
    public bool AckDue { get; set; }

    /// <summary>The last number up to which everything came.</summary>
    public ushort Acknowledged => (ushort)(_next - 1);

    /// <summary>Whether something is missing before something that came.</summary>
    public bool HasGap => _earlyCount > 0;

    /// <summary>Begins behind the packet with this number.</summary>
    public void Start(ushort acknowledged) => _next = (ushort)(acknowledged + 1);

    /// <summary>Takes a data or FIN packet; ignores what is double, too far ahead, or more than there is room for.</summary>
    public void Receive(bool isFin, ushort sequence, ReadOnlySpan<byte> payload)
    {
        int ahead = (short)(sequence - _next);
        if (ahead < 0)
        {
            // The peer has not heard of it yet.
            AckDue = true;
            return;
        }

        if (ahead >= ReorderCapacity || (_finKnown && (short)(sequence - _finSequence) > (isFin ? 0 : -1)))
        {
            return;
        }

        AckDue = true;
        if (isFin && !_finKnown)
        {
            if (_highestEarly > ahead)
            {
                // Something came with a number behind its end.
                return;
            }

            (_finKnown, _finSequence) = (true, sequence);
        }

        if (ahead > 0)
        {
            if (!isFin)
            {
                KeepEarly(ahead, sequence, payload);
            }
        }
        else if (isFin || _ordered.Count + payload.Length <= window)
        {
            Take(payload);
            TakeEarly();
        }

        if (_finKnown && _next == _finSequence)
        {
            _next++;
            IsComplete = true;
            DropEarly();
        }
    }

    /// <summary>Moves bytes to the owner.</summary>
    public int Read(Span<byte> destination)
    {
        int count = _ordered.Read(destination);

        // A peer that was told of a full window waits to hear of room.
        AckDue |= count > 0 && !IsComplete && Window - (long)_advertised >= window / 4;
        return count;
    }

    /// <summary>Room to tell the peer of, and remembers that it was told.</summary>
    public uint Advertise() => _advertised = Window;

    /// <summary>Writes the bits of what came early; returns the bytes used, 0 when nothing did.</summary>
    public int WriteSelectiveAck(Span<byte> destination)
    {
        if (_earlyCount == 0)
        {
            return 0;
        }

        // Bit k is packet _next + 1 + k.
        int bits = Math.Min(_highestEarly, 8 * UtpPacketCodec.MaxSelectiveAckSize);
        int size = UtpPacketCodec.SelectiveAckSize(bits);
        destination[..size].Clear();
        for (int bit = 0; bit < bits; bit++)
        {
            if (_early[(ushort)(_next + 1 + bit) % ReorderCapacity].Buffer is not null)
            {
                destination[bit / 8] |= (byte)(1 << (bit % 8));
            }
        }

        return size;
    }

    /// <summary>Gives all memory back.</summary>
    public void Clear()
    {
        _ordered.Clear();
        DropEarly();
    }

    private uint Window => (uint)Math.Max(0, window - _ordered.Count - _earlyBytes);

    private void KeepEarly(int ahead, ushort sequence, ReadOnlySpan<byte> payload)
    {
        if (_early.Length == 0)
        {
            _early = new (byte[], int)[ReorderCapacity];
        }

        ref (byte[] Buffer, int Size) place = ref _early[sequence % ReorderCapacity];
        if (place.Buffer is not null || _ordered.Count + _earlyBytes + payload.Length > window)
        {
            return;
        }

        place = (ArrayPool<byte>.Shared.Rent(payload.Length), payload.Length);
        payload.CopyTo(place.Buffer);
        _earlyCount++;
        _earlyBytes += payload.Length;
        _highestEarly = Math.Max(_highestEarly, ahead);
    }

    private void Take(ReadOnlySpan<byte> payload)
    {
        if (!(_finKnown && _next == _finSequence))
        {
            _ordered.Append(payload);
            _next++;
            _highestEarly = Math.Max(0, _highestEarly - 1);
        }
    }

    /// <summary>What came early was counted against the window then, so it fits.</summary>
    private void TakeEarly()
    {
        while (_earlyCount > 0)
        {
            ref (byte[] Buffer, int Size) place = ref _early[_next % ReorderCapacity];
            if (place.Buffer is null)
            {
                return;
            }

            byte[] buffer = place.Buffer;
            int size = place.Size;
            place = default;
            _earlyCount--;
            _earlyBytes -= size;
            Take(buffer.AsSpan(0, size));
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void DropEarly()
    {
        foreach ((byte[] buffer, _) in _early)
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        _early = [];
        _earlyCount = _earlyBytes = _highestEarly = 0;
    }
}
