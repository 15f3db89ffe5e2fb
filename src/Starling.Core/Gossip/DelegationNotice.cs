using System;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>
/// "This key may judge results of the task for me" (mode <c>arbiter</c>, DESIGN section 6): signed by the author, or by a key to which the author delegated and
/// that may delegate further. The newest notice of an issuer about a key counts; one that has expired at once takes the others back.
/// </summary>
public sealed record DelegationNotice
{
    /// <summary>Further hand-overs that a notice may allow at most.</summary>
    public const int MaxDepth = 7;

    /// <summary>Unix seconds at most.</summary>
    public const long MaxExpiry = (1L << 40) - 1;

    /// <summary>Bytes of a notice at most.</summary>
    public const int MaxSize = (2 * PublicKey.Size) + (2 * Varint.MaxSize) + 1 + ISignatureVerifier.SignatureSize;

    private static ReadOnlySpan<byte> Domain => "starling-delegate-1"u8;

    /// <summary>Who signed it.</summary>
    public required PublicKey Issuer { get; init; }

    /// <summary>Who may judge.</summary>
    public required PublicKey Delegate { get; init; }

    /// <summary>Unix milliseconds at which it was signed: of two by the same issuer about the same key the later one counts.</summary>
    public required long Serial { get; init; }

    /// <summary>Unix seconds from which on it does not count any more; 0: it takes back what was said before.</summary>
    public required long Expires { get; init; }

    /// <summary>How often it may be handed on: 0..<see cref="MaxDepth"/>; less with each step, so that no chain leads back to itself.</summary>
    public required int Depth { get; init; }

    /// <summary>The signed bytes, as they are stored and forwarded.</summary>
    public required ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>A notice of mine.</summary>
    /// <param name="issuer">Me: the author, or somebody to whom was delegated.</param>
    /// <param name="taskId">The task.</param>
    /// <param name="to">Who may judge.</param>
    /// <param name="serial">Unix milliseconds now.</param>
    /// <param name="expires">Unix seconds; 0: what was delegated is taken back.</param>
    /// <param name="depth">How often it may be handed on.</param>
    public static DelegationNotice Sign(IIdentity issuer, Hash256 taskId, PublicKey to, long serial, long expires, int depth)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentOutOfRangeException.ThrowIfNegative(serial);
        ArgumentOutOfRangeException.ThrowIfNegative(expires);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expires, MaxExpiry);
        ArgumentOutOfRangeException.ThrowIfNegative(depth);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, MaxDepth);
        Span<byte> bytes = stackalloc byte[MaxSize];
        issuer.PublicKey.CopyTo(bytes);
        to.CopyTo(bytes[PublicKey.Size..]);
        int used = 2 * PublicKey.Size;
        used += Varint.Write(bytes[used..], serial);
        used += Varint.Write(bytes[used..], expires);
        bytes[used++] = (byte)depth;
        byte[] raw = bytes[..(used + ISignatureVerifier.SignatureSize)].ToArray();
        BatchSignature.Sign(issuer, Domain, taskId, raw);
        return new DelegationNotice { Issuer = issuer.PublicKey, Delegate = to, Serial = serial, Expires = expires, Depth = depth, Raw = raw };
    }

    /// <summary>Reads the structure; whether the signature is right says <see cref="Verify"/>. False: not in canonical form, or a bound is broken.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> raw, [NotNullWhen(true)] out DelegationNotice? notice)
    {
        notice = null;
        if (raw.Length is < (2 * PublicKey.Size) + 3 + ISignatureVerifier.SignatureSize or > MaxSize)
        {
            return false;
        }

        ReadOnlySpan<byte> body = raw.Span[(2 * PublicKey.Size)..^ISignatureVerifier.SignatureSize];
        if (!Varint.TryRead(ref body, long.MaxValue, out long serial)
            || !Varint.TryRead(ref body, MaxExpiry, out long expires)
            || body.Length != 1
            || body[0] > MaxDepth)
        {
            return false;
        }

        notice = new DelegationNotice
        {
            Issuer = new PublicKey(raw.Span),
            Delegate = new PublicKey(raw.Span[PublicKey.Size..]),
            Serial = serial,
            Expires = expires,
            Depth = body[0],
            Raw = raw,
        };
        return true;
    }

    /// <summary>Whether the issuer said so, of this task.</summary>
    public static bool Verify(DelegationNotice notice, Hash256 taskId, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(notice);
        ArgumentNullException.ThrowIfNull(verifier);
        return BatchSignature.Verify(notice.Issuer, Domain, taskId, notice.Raw.Span, verifier);
    }
}
