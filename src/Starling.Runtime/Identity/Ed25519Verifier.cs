using System;
using System.Buffers;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Runtime.Identity;

/// <summary>
/// Ed25519 verification (RFC 8032, section 5.1.7): by OpenSSL where it is there, else by Portable.BouncyCastle, on its curve functions
/// directly. Both see only what <see cref="Ed25519Encoding"/> lets through, so that they agree. Safe from every thread.
/// </summary>
public sealed class Ed25519Verifier : ISignatureVerifier
{
    private readonly OpenSslEd25519? _native;

    /// <summary>With the fastest library of this machine.</summary>
    public Ed25519Verifier()
        : this(OpenSslEd25519.Instance)
    {
    }

    internal Ed25519Verifier(OpenSslEd25519? native) => _native = native;

    /// <inheritdoc/>
    public bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == ISignatureVerifier.SignatureSize
        && Ed25519Encoding.IsGoodKey(key)
        && Ed25519Encoding.IsGoodSignature(signature)
        && (_native?.Verify(key, message, signature) ?? VerifyManaged(key, message, signature));

    private static bool VerifyManaged(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        // One array: signature, key, message.
        const int keyOffset = ISignatureVerifier.SignatureSize;
        const int messageOffset = keyOffset + PublicKey.Size;
        if (message.Length > Array.MaxLength - messageOffset)
        {
            return false;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(messageOffset + message.Length);
        try
        {
            signature.CopyTo(buffer);
            key.CopyTo(buffer.AsSpan(keyOffset));
            message.CopyTo(buffer.AsSpan(messageOffset));
            return Ed25519.Verify(buffer, 0, buffer, keyOffset, buffer, messageOffset, message.Length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
