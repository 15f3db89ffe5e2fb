using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>
/// "I have a result of this piece, and this is its fingerprint" (modifier <c>sealed</c>, DESIGN section 6): H(task, piece, worker, length, root, salt). Nobody learns
/// the result from it, and whoever made it cannot say another one afterwards.
/// </summary>
/// <param name="Piece">The piece.</param>
/// <param name="Commitment">SHA-256 over what is sealed.</param>
public readonly record struct Seal(int Piece, Hash256 Commitment)
{
    private const int SealedSize = (4 * Hash256.Size) + (2 * sizeof(int));

    private static ReadOnlySpan<byte> SaltDomain => "starling-salt-1"u8;

    /// <summary>The seal of a result.</summary>
    public static Seal Of(Hash256 taskId, PublicKey worker, Attestation attestation, Hash256 salt)
    {
        Span<byte> text = stackalloc byte[SealedSize];
        taskId.CopyTo(text);
        worker.CopyTo(text[Hash256.Size..]);
        attestation.Result.Root.CopyTo(text[(2 * Hash256.Size)..]);
        salt.CopyTo(text[(3 * Hash256.Size)..]);
        BinaryPrimitives.WriteInt32BigEndian(text[(4 * Hash256.Size)..], attestation.Piece);
        BinaryPrimitives.WriteInt32BigEndian(text[((4 * Hash256.Size) + sizeof(int))..], attestation.Result.Length);
        return new Seal(attestation.Piece, Hash256.Of(text));
    }

    /// <summary>
    /// The salt of my seal of a piece. It follows from my key, so that a restart finds it again without its having been kept; and from nothing else that anybody knows.
    /// </summary>
    public static Hash256 SaltOf(IIdentity identity, Hash256 taskId, int piece)
    {
        ArgumentNullException.ThrowIfNull(identity);
        Span<byte> text = stackalloc byte[SaltDomain.Length + Hash256.Size + sizeof(int)];
        SaltDomain.CopyTo(text);
        taskId.CopyTo(text[SaltDomain.Length..]);
        BinaryPrimitives.WriteInt32BigEndian(text[(SaltDomain.Length + Hash256.Size)..], piece);
        return new Hash256(SHA256.HashData(identity.Sign(text)));
    }
}

/// <summary>What belongs to an opened seal besides the result.</summary>
/// <param name="Salt">The salt of the seal.</param>
/// <param name="Witnessed">Seals of others of the same piece that were there before any was opened, 0 to <see cref="MaxWitnessed"/>: they were no copies.</param>
public sealed record Opening(Hash256 Salt, IReadOnlyList<Hash256> Witnessed)
{
    /// <summary>Seals that one opening witnesses at most.</summary>
    public const int MaxWitnessed = 7;
}
