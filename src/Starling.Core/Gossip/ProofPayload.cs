using System;
using System.Collections.Generic;
using Starling.Core.Bencode;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary><c>st_proof</c>: length <c>l</c>, piece <c>p</c>, root <c>r</c>, and in the answer all block hashes <c>h</c>, or none: it is not here.</summary>
internal static class ProofPayload
{
    public static TaskMessage? Read(BDictionary root)
    {
        if (!root.TryGetInteger("l"u8, 1, TaskLimitsOfFormat.MaxPieceLength, out long length)
            || !root.TryGetInteger("p"u8, 0, TaskLimitsOfFormat.MaxPieces - 1, out long piece)
            || !PayloadParts.TryGetHash(root, "r"u8, out Hash256 rootHash))
        {
            return null;
        }

        var result = new ResultId((int)length, rootHash);
        if (root["h"u8] is not { } value)
        {
            return new TaskMessage.ProofRequest((int)piece, result);
        }

        if (value is not BString hashes
            || (hashes.Bytes.Length != 0 && hashes.Bytes.Length != result.BlockCount * Hash256.Size))
        {
            return null;
        }

        var leaves = new Hash256[hashes.Bytes.Length / Hash256.Size];
        for (int i = 0; i < leaves.Length; i++)
        {
            leaves[i] = new Hash256(hashes.Bytes.Span[(i * Hash256.Size)..]);
        }

        return new TaskMessage.Proof((int)piece, result, leaves);
    }

    public static void Write(int piece, ResultId result, IReadOnlyList<Hash256>? leaves, BencodeWriter writer)
    {
        PayloadParts.ThrowUnlessPiece(piece);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(result.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(result.Length, TaskLimitsOfFormat.MaxPieceLength);
        writer.BeginDictionary();
        if (leaves is not null)
        {
            if (leaves.Count > 0)
            {
                ArgumentOutOfRangeException.ThrowIfNotEqual(leaves.Count, result.BlockCount, nameof(leaves));
            }

            var hashes = new byte[leaves.Count * Hash256.Size];
            for (int i = 0; i < leaves.Count; i++)
            {
                leaves[i].CopyTo(hashes.AsSpan(i * Hash256.Size));
            }

            writer.Bytes("h"u8, hashes);
        }

        writer.Integer("l"u8, result.Length);
        writer.Integer("p"u8, piece);
        PayloadParts.WriteHash(writer, "r"u8, result.Root);
        writer.End();
    }
}
