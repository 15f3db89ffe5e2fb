using System;
using System.Buffers;
using System.Collections.Generic;
using Starling.Core.Bencode;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary><c>st_held</c>: key <c>h</c>, for each result its piece, length and root.</summary>
internal static class HeldPayload
{
    /// <summary>Bytes of a result that is not empty, about.</summary>
    private const int TypicalRecord = Hash256.Size + 4;

    public static TaskMessage.Held? Read(BDictionary root)
    {
        if (!root.TryGetBytes("h"u8, TaskMessageCodec.MaxHeld * ResultRecord.MaxSizeWithPiece, out ReadOnlyMemory<byte> records))
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

        return new TaskMessage.Held(results);
    }

    public static void Write(TaskMessage.Held held, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(held.Results.Count, TaskMessageCodec.MaxHeld);
        byte[] records = ArrayPool<byte>.Shared.Rent(held.Results.Count * ResultRecord.MaxSizeWithPiece);
        int used = 0;
        for (int i = 0; i < held.Results.Count; i++)
        {
            PayloadParts.ThrowUnlessPiece(held.Results[i].Piece);
            used += Varint.Write(records.AsSpan(used), held.Results[i].Piece);
            used += ResultRecord.Write(records.AsSpan(used), held.Results[i].Result);
        }

        PayloadParts.WriteOne(writer, "h"u8, records, used);
    }
}
