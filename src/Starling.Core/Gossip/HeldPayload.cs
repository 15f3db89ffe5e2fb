using System;
using System.Buffers;
using System.Collections.Generic;
using Starling.Core.Bencode;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary><c>st_held</c>: key <c>h</c> for results that are here, or <c>r</c> for those that are here no more; for each its piece, length and root.</summary>
internal static class HeldPayload
{
    /// <summary>Bytes of a result that is not empty, about.</summary>
    private const int TypicalRecord = Hash256.Size + 4;

    public static ReadOnlySpan<byte> HeldKey => "h"u8;

    public static ReadOnlySpan<byte> ReleasedKey => "r"u8;

    public static TaskMessage? Read(BDictionary root)
    {
        bool isHeld = root[HeldKey] is not null;
        if (!root.TryGetBytes(isHeld ? HeldKey : ReleasedKey, TaskMessageCodec.MaxHeld * ResultRecord.MaxSizeWithPiece, out ReadOnlyMemory<byte> records))
        {
            return null;
        }

        var results = new List<Attestation>(Math.Min(TaskMessageCodec.MaxHeld, 1 + (records.Length / TypicalRecord)));
        ReadOnlySpan<byte> rest = records.Span;
        while (!rest.IsEmpty)
        {
            if (results.Count == TaskMessageCodec.MaxHeld
                || !Varint.TryRead(ref rest, TaskLimitsOfFormat.MaxPieces - 1, out long piece)
                || !ResultRecord.TryRead(ref rest, out ResultId result))
            {
                return null;
            }

            results.Add(new Attestation((int)piece, result));
        }

        return isHeld ? new TaskMessage.Held(results) : new TaskMessage.Released(results);
    }

    public static void Write(ReadOnlySpan<byte> key, IReadOnlyList<Attestation> results, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(results.Count, TaskMessageCodec.MaxHeld);
        byte[] records = ArrayPool<byte>.Shared.Rent(results.Count * ResultRecord.MaxSizeWithPiece);
        int used = 0;
        for (int i = 0; i < results.Count; i++)
        {
            PayloadParts.ThrowUnlessPiece(results[i].Piece);
            used += Varint.Write(records.AsSpan(used), results[i].Piece);
            used += ResultRecord.Write(records.AsSpan(used), results[i].Result);
        }

        PayloadParts.WriteOne(writer, key, records, used);
    }
}
