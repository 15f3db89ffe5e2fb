using System;
using Starling.Core.Bencode;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary><c>st_stop</c>: replacing task <c>r</c> (absent: none), signature <c>s</c>.</summary>
internal static class StopPayload
{
    public static TaskMessage.Stop? Read(BDictionary root)
    {
        if (!root.TryGetBytes("s"u8, ISignatureVerifier.SignatureSize, out ReadOnlyMemory<byte> signature)
            || signature.Length != ISignatureVerifier.SignatureSize)
        {
            return null;
        }

        Hash256? replacedBy = null;
        if (root["r"u8] is not null)
        {
            if (!PayloadParts.TryGetHash(root, "r"u8, out Hash256 next))
            {
                return null;
            }

            replacedBy = next;
        }

        return new TaskMessage.Stop(replacedBy, signature.ToArray());
    }

    public static void Write(TaskMessage.Stop stop, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(stop.Signature.Length, ISignatureVerifier.SignatureSize);
        writer.BeginDictionary();
        if (stop.ReplacedBy is { } next)
        {
            PayloadParts.WriteHash(writer, "r"u8, next);
        }

        writer.Bytes("s"u8, stop.Signature.Span);
        writer.End();
    }
}
