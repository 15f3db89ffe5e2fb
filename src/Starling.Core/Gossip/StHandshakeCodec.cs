using System;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>The <c>st</c> dictionary of the BEP 10 handshake ↔ <see cref="StHandshake"/>. Says nothing about whether it is true: see <see cref="LinkBinding"/>.</summary>
public static class StHandshakeCodec
{
    /// <summary>Most runs at once that a peer may announce; a larger number is refused.</summary>
    public const int MaxCores = 256;

    /// <summary>Copies that a peer may say it holds its part of.</summary>
    public const int MaxKeep = 64;

    /// <summary>Bytes of the message authentication code.</summary>
    public const int MacSize = 32;

    /// <summary>Reads the value of <c>st</c>. False: a key is missing, of the wrong kind or beyond its bound. Unknown keys are ignored.</summary>
    public static bool TryRead(BValue value, [NotNullWhen(true)] out StHandshake? st)
    {
        st = null;
        if (value is not BDictionary root
            || !root.TryGetInteger("v"u8, 1, int.MaxValue, out long version)
            || !root.TryGetBytes("id"u8, Hash256.Size, out ReadOnlyMemory<byte> id) || id.Length != Hash256.Size
            || !root.TryGetBytes("k"u8, PublicKey.Size, out ReadOnlyMemory<byte> key) || key.Length != PublicKey.Size
            || !root.TryGetBytes("s"u8, ISignatureVerifier.SignatureSize, out ReadOnlyMemory<byte> signature)
            || signature.Length != ISignatureVerifier.SignatureSize
            || !root.TryGetInteger("cores"u8, 0, MaxCores, out long cores)
            || !root.TryGetBytes("env"u8, AttestationBatch.MaxEnvironmentClassLength, out ReadOnlyMemory<byte> env)
            || !EnvironmentClassText.TryRead(env.Span, out string? environmentClass))
        {
            return false;
        }

        ReadOnlyMemory<byte> mac = default;
        if (root["h"u8] is not null && (!root.TryGetBytes("h"u8, MacSize, out mac) || mac.Length != MacSize))
        {
            return false;
        }

        long namesMembers = 0;
        if (root["m"u8] is not null && !root.TryGetInteger("m"u8, 0, 1, out namesMembers))
        {
            return false;
        }

        long keep = -1;
        if (root["keep"u8] is not null && !root.TryGetInteger("keep"u8, 0, MaxKeep, out keep))
        {
            return false;
        }

        st = new StHandshake
        {
            Version = (int)version,
            TaskId = new Hash256(id.Span),
            Key = new PublicKey(key.Span),
            Signature = signature,
            Mac = mac,
            NamesMembers = namesMembers == 1,
            Keep = keep < 0 ? null : (int)keep,
            Cores = (int)cores,
            EnvironmentClass = environmentClass,
        };
        return true;
    }

    /// <summary>Writes the value of <c>st</c>.</summary>
    /// <exception cref="ArgumentException">A part is beyond its bound: a caller's bug.</exception>
    public static void Write(BencodeWriter writer, StHandshake st)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(st);
        ArgumentOutOfRangeException.ThrowIfNotEqual(st.Signature.Length, ISignatureVerifier.SignatureSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(st.Cores, MaxCores);
        ArgumentOutOfRangeException.ThrowIfNegative(st.Cores);
        Span<byte> hash = stackalloc byte[Hash256.Size];
        Span<byte> env = stackalloc byte[AttestationBatch.MaxEnvironmentClassLength];
        env = env[..EnvironmentClassText.Write(env, st.EnvironmentClass)];

        writer.BeginDictionary();
        writer.Integer("cores"u8, st.Cores);
        writer.Bytes("env"u8, env);
        if (!st.Mac.IsEmpty)
        {
            writer.Bytes("h"u8, st.Mac.Span);
        }

        st.TaskId.CopyTo(hash);
        writer.Bytes("id"u8, hash);
        st.Key.CopyTo(hash);
        writer.Bytes("k"u8, hash);
        if (st.Keep is { } keep)
        {
            writer.Integer("keep"u8, keep);
        }

        if (st.NamesMembers)
        {
            writer.Integer("m"u8, 1);
        }

        writer.Bytes("s"u8, st.Signature.Span);
        writer.Integer("v"u8, st.Version);
        writer.End();
    }
}
