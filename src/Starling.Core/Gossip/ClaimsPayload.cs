using System;
using System.Buffers;
using System.Collections.Generic;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary><c>st_claim</c>: key <c>b</c>, for each batch its age in milliseconds, its length, its bytes.</summary>
internal static class ClaimsPayload
{
    public static TaskMessage.Claims? Read(BDictionary root, BatchCache cache)
    {
        if (!root.TryGetBytes("b"u8, TaskMessageCodec.MaxPayload, out ReadOnlyMemory<byte> records))
        {
            return null;
        }

        var batches = new List<AgedClaimBatch>(Math.Min(TaskMessageCodec.MaxBatches, 1 + (records.Length / ClaimBatchCodec.TypicalSize)));
        ReadOnlySpan<byte> rest = records.Span;
        while (!rest.IsEmpty)
        {
            if (batches.Count == TaskMessageCodec.MaxBatches
                || !Varint.TryRead(ref rest, ClaimBatchCodec.MaxSpanMs, out long ageMs)
                || !PayloadParts.TryReadRaw(ref rest, ClaimBatchCodec.MaxSize, out ReadOnlySpan<byte> raw)
                || !cache.TryDecode(raw, out ClaimBatch? batch))
            {
                return null;
            }

            batches.Add(new AgedClaimBatch(batch, new TimeSpan(ageMs * TimeSpan.TicksPerMillisecond)));
        }

        return new TaskMessage.Claims(batches);
    }

    public static void Write(TaskMessage.Claims claims, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(claims.Batches.Count, TaskMessageCodec.MaxBatches);
        int size = 0;
        for (int i = 0; i < claims.Batches.Count; i++)
        {
            size += claims.Batches[i].Batch.Raw.Length + (2 * Varint.MaxSize);
        }

        byte[] records = ArrayPool<byte>.Shared.Rent(size);
        int used = 0;
        for (int i = 0; i < claims.Batches.Count; i++)
        {
            AgedClaimBatch aged = claims.Batches[i];
            long ageMs = Math.Clamp(aged.Age.Ticks / TimeSpan.TicksPerMillisecond, 0, ClaimBatchCodec.MaxSpanMs);
            used += Varint.Write(records.AsSpan(used), ageMs);
            used += PayloadParts.WriteRaw(records.AsSpan(used), aged.Batch.Raw.Span);
        }

        PayloadParts.WriteOne(writer, "b"u8, records, used);
    }
}
