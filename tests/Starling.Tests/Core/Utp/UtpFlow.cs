using System;
using Starling.Core.Primitives;
using Starling.Core.Utp;

namespace Starling.Tests.Core.Utp;

/// <summary>One direction of a conversation: content written in pieces, read in pieces, compared.</summary>
internal sealed class UtpFlow(UtpHost from, Func<UtpConnection?> source, UtpHost to, Func<UtpConnection?> sink, ulong seed, long size)
{
    private readonly DeterministicRandom _writing = new(seed);
    private readonly DeterministicRandom _reading = new(seed);
    private readonly byte[] _out = new byte[8192];
    private readonly byte[] _in = new byte[8192];
    private readonly byte[] _expected = new byte[8192];
    private int _outStart = 8192;
    private int _expectedStart = 8192;

    /// <summary>Bytes that one step may read; 0: the reader sleeps.</summary>
    public int ReadAtMost { get; set; } = int.MaxValue;

    public long Written { get; private set; }

    public long Read { get; private set; }

    public bool IsRight { get; private set; } = true;

    /// <summary>Whether all came and the end after it.</summary>
    public bool IsDone => Read == size && sink()?.IsReadComplete == true;

    public void Write()
    {
        if (source() is not { } connection || connection.State == UtpState.Closed)
        {
            return;
        }

        while (Written < size)
        {
            if (_outStart == _out.Length)
            {
                _writing.Fill(_out);
                _outStart = 0;
            }

            int taken = connection.Write(_out.AsSpan(_outStart, (int)Math.Min(_out.Length - _outStart, size - Written)), from.Clock);
            _outStart += taken;
            Written += taken;
            if (taken == 0)
            {
                return;
            }
        }

        connection.CloseWrites(from.Clock);
    }

    public void ReadAll()
    {
        int left = ReadAtMost;
        while (sink() is { } connection && left > 0)
        {
            if (_expectedStart == _expected.Length)
            {
                _reading.Fill(_expected);
                _expectedStart = 0;
            }

            int wanted = Math.Min(left, _expected.Length - _expectedStart);
            int count = connection.Read(_in.AsSpan(0, wanted), to.Clock);
            if (count == 0)
            {
                return;
            }

            IsRight &= _in.AsSpan(0, count).SequenceEqual(_expected.AsSpan(_expectedStart, count));
            _expectedStart += count;
            Read += count;
            left -= count;
        }
    }
}
