using System;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>
/// How long a result needs from its worker to each other host, on average: what the reduced model takes as its delay. News that a host hears
/// later than <see cref="Longest"/> is what it missed while it was away, and does not count.
/// </summary>
internal sealed class NewsDelay(EventQueue events, int pieces)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private readonly Instant[] _said = new Instant[pieces];
    private long _ticks;
    private long _count;

    /// <summary>Mean in seconds; 0: nobody heard anything.</summary>
    public double Mean => _count == 0 ? 0 : TimeSpan.FromTicks(_ticks / _count).TotalSeconds;

    /// <summary>A worker's own batch goes out.</summary>
    public void Said(ReadOnlyMemory<byte> raw)
    {
        if (TryPiece(raw, out int piece) && _said[piece] == default)
        {
            _said[piece] = events.Now;
        }
    }

    /// <summary>Another host took it in.</summary>
    public void Heard(ReadOnlyMemory<byte> raw)
    {
        if (TryPiece(raw, out int piece) && _said[piece] != default && events.Now - _said[piece] is var delay && delay < Longest)
        {
            _ticks += delay.Ticks;
            _count++;
        }
    }

    private bool TryPiece(ReadOnlyMemory<byte> raw, out int piece)
    {
        piece = AttestationBatchCodec.TryDecode(raw, out AttestationBatch? batch) && batch.Entries.Count > 0 ? batch.Entries[0].Piece : -1;
        return piece >= 0 && piece < _said.Length;
    }
}
