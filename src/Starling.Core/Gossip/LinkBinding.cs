using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>Which side of a connection a peer is.</summary>
public enum LinkRole
{
    /// <summary>It connected.</summary>
    Initiator,

    /// <summary>It was connected to.</summary>
    Responder,
}

/// <summary>
/// Ties an identity to one TLS connection (DESIGN section 4): each side signs who it is on this connection, so that nobody in the middle
/// can pass one peer's proof on as its own. With a member secret, a MAC over the same message shows that the peer holds it.
/// </summary>
public static class LinkBinding
{
    private const int MessageSize = 10 + 1 + (3 * Hash256.Size);

    private static ReadOnlySpan<byte> Domain => "starling-1"u8;

    /// <summary>My half of the proof.</summary>
    /// <param name="identity">Signs.</param>
    /// <param name="role">My side of the connection.</param>
    /// <param name="ownCertificate">SHA-256 over my certificate's SubjectPublicKeyInfo.</param>
    /// <param name="peerCertificate">SHA-256 over the peer's certificate's SubjectPublicKeyInfo.</param>
    /// <param name="taskId">The task that both are in.</param>
    /// <param name="secret">The member secret; empty: none.</param>
    /// <param name="cores">Runs that I do at once.</param>
    /// <param name="environmentClass">My environment class.</param>
    public static StHandshake Create(
        IIdentity identity,
        LinkRole role,
        Hash256 ownCertificate,
        Hash256 peerCertificate,
        Hash256 taskId,
        ReadOnlySpan<byte> secret,
        int cores,
        string environmentClass)
    {
        ArgumentNullException.ThrowIfNull(identity);
        Span<byte> message = stackalloc byte[MessageSize];
        WriteMessage(message, role, ownCertificate, peerCertificate, taskId);
        return new StHandshake
        {
            TaskId = taskId,
            Key = identity.PublicKey,
            Signature = identity.Sign(message),
            Mac = secret.IsEmpty ? ReadOnlyMemory<byte>.Empty : HMACSHA256.HashData(secret, message),
            Cores = cores,
            EnvironmentClass = environmentClass,
        };
    }

    /// <summary>
    /// Whether the peer's half is right for this connection. Problems: <c>wire-version</c>, <c>other-task</c>, <c>no-member</c>,
    /// <c>bad-signature</c>. The signature, which costs most, is looked at last.
    /// </summary>
    /// <param name="st">What the peer sent.</param>
    /// <param name="role">The peer's side of the connection.</param>
    /// <param name="peerCertificate">SHA-256 over the peer's certificate's SubjectPublicKeyInfo, as TLS saw it.</param>
    /// <param name="ownCertificate">SHA-256 over my certificate's SubjectPublicKeyInfo.</param>
    /// <param name="taskId">My task.</param>
    /// <param name="secret">My member secret; empty: an open task, a MAC is ignored.</param>
    /// <param name="verifier">Checks the signature.</param>
    /// <param name="problem">Why not.</param>
    public static bool Verify(
        StHandshake st,
        LinkRole role,
        Hash256 peerCertificate,
        Hash256 ownCertificate,
        Hash256 taskId,
        ReadOnlySpan<byte> secret,
        ISignatureVerifier verifier,
        [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(st);
        ArgumentNullException.ThrowIfNull(verifier);
        Span<byte> message = stackalloc byte[MessageSize];
        WriteMessage(message, role, peerCertificate, ownCertificate, taskId);
        problem = null;
        if (st.Version != StHandshake.CurrentVersion)
        {
            problem = new Problem("wire-version", $"The peer speaks version {st.Version} of the task wire, this program {StHandshake.CurrentVersion}",
                "Use the same version of the program on both machines");
        }
        else if (st.TaskId != taskId)
        {
            problem = new Problem("other-task", $"The peer is in another task ({st.TaskId}) with the same short name");
        }
        else if (!secret.IsEmpty && !IsMac(st.Mac.Span, secret, message))
        {
            problem = new Problem("no-member", "The peer does not hold the secret of this swarm", "Start it with the complete link or task file");
        }
        else if (!verifier.Verify(st.Key, message, st.Signature.Span))
        {
            problem = new Problem("bad-signature", $"The peer did not prove that it is {st.Key} on this connection");
        }

        return problem is null;
    }

    private static bool IsMac(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message)
    {
        Span<byte> expected = stackalloc byte[StHandshakeCodec.MacSize];
        HMACSHA256.HashData(secret, message, expected);
        return CryptographicOperations.FixedTimeEquals(mac, expected);
    }

    /// <summary>All parts have fixed lengths, so that no two meanings share their bytes.</summary>
    private static void WriteMessage(Span<byte> message, LinkRole role, Hash256 signer, Hash256 other, Hash256 taskId)
    {
        Domain.CopyTo(message);
        message = message[Domain.Length..];
        message[0] = role == LinkRole.Initiator ? (byte)'i' : (byte)'r';
        signer.CopyTo(message[1..]);
        other.CopyTo(message[(1 + Hash256.Size)..]);
        taskId.CopyTo(message[(1 + (2 * Hash256.Size))..]);
    }
}
