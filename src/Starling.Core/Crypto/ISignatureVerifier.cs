using System;
using Starling.Core.Primitives;

namespace Starling.Core.Crypto;

/// <summary>Checks Ed25519 signatures (RFC 8032). Implemented over a library in Runtime and by a cheap stand-in in the simulator.</summary>
public interface ISignatureVerifier
{
    /// <summary>Length of a signature in bytes.</summary>
    const int SignatureSize = 64;

    /// <summary>Whether <paramref name="signature"/> (64 bytes) is <paramref name="key"/>'s over <paramref name="message"/>. Never throws.</summary>
    bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
