using System;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Starling.Core.Gossip;

/// <summary>
/// Signed batches that were decoded a while ago, by their bytes: neighbours pass on the same ones, so most that come in are here already and cost no
/// more than a comparison. A batch is immutable, so several nodes of one process may share a cache. Holds a fixed number; a newer one takes the place
/// of an older one.
/// </summary>
public sealed class BatchCache
{
    private readonly ClaimBatch?[] _claims;
    private readonly AttestationBatch?[] _attestations;

    /// <summary>An empty cache.</summary>
    /// <param name="capacity">Batches of each kind at most: a power of two.</param>
    public BatchCache(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(capacity), true, nameof(capacity));
        _claims = new ClaimBatch?[capacity];
        _attestations = new AttestationBatch?[capacity];
    }

    /// <summary>The batch of these bytes, as <see cref="ClaimBatchCodec.TryDecode"/> reads it.</summary>
    public bool TryDecode(ReadOnlySpan<byte> raw, [NotNullWhen(true)] out ClaimBatch? batch)
    {
        ref ClaimBatch? place = ref _claims[PlaceOf(raw)];
        if (place is null || !place.Raw.Span.SequenceEqual(raw))
        {
            if (!ClaimBatchCodec.TryDecode(raw.ToArray(), out batch))
            {
                return false;
            }

            place = batch;
        }

        batch = place;
        return true;
    }

    /// <summary>The batch of these bytes, as <see cref="AttestationBatchCodec.TryDecode"/> reads it.</summary>
    public bool TryDecode(ReadOnlySpan<byte> raw, [NotNullWhen(true)] out AttestationBatch? batch)
    {
        ref AttestationBatch? place = ref _attestations[PlaceOf(raw)];
        if (place is null || !place.Raw.Span.SequenceEqual(raw))
        {
            if (!AttestationBatchCodec.TryDecode(raw.ToArray(), out batch))
            {
                return false;
            }

            place = batch;
        }

        batch = place;
        return true;
    }

    /// <summary>The end of a batch is the end of its signature, as good as random; who makes many end alike makes the cache useless to itself only.</summary>
    private int PlaceOf(ReadOnlySpan<byte> raw) =>
        raw.Length < sizeof(int) ? 0 : BitConverter.ToInt32(raw[^sizeof(int)..]) & (_claims.Length - 1);
}
