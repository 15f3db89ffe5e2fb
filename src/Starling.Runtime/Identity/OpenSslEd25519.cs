using System;
using System.Runtime.InteropServices;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Runtime.Identity;

/// <summary>
/// Ed25519 verification by the OpenSSL that .NET uses on Linux for everything else, which has Ed25519 where .NET's own classes do not.
/// Four times as fast as the managed code before that is recompiled, which in a process of a few seconds it never is.
/// Calls: EVP_PKEY-ED25519(7), EVP_DigestVerifyInit(3).
/// </summary>
internal sealed unsafe class OpenSslEd25519
{
    private const int KeyType = 1087;

    // The first with these functions is 1.1.1.
    private static readonly string[] _names = ["libcrypto.so.3", "libcrypto.so.1.1"];

    private readonly delegate* unmanaged<int, nint, byte*, nuint, nint> _newKey;
    private readonly delegate* unmanaged<nint, void> _freeKey;
    private readonly delegate* unmanaged<nint> _newContext;
    private readonly delegate* unmanaged<nint, void> _freeContext;
    private readonly delegate* unmanaged<nint, nint, nint, nint, nint, int> _begin;
    private readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int> _verify;
    private readonly delegate* unmanaged<void> _clearErrors;

    private OpenSslEd25519(nint library)
    {
        _newKey = (delegate* unmanaged<int, nint, byte*, nuint, nint>)NativeLibrary.GetExport(library, "EVP_PKEY_new_raw_public_key");
        _freeKey = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "EVP_PKEY_free");
        _newContext = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "EVP_MD_CTX_new");
        _freeContext = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "EVP_MD_CTX_free");
        _begin = (delegate* unmanaged<nint, nint, nint, nint, nint, int>)NativeLibrary.GetExport(library, "EVP_DigestVerifyInit");
        _verify = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int>)NativeLibrary.GetExport(library, "EVP_DigestVerify");
        _clearErrors = (delegate* unmanaged<void>)NativeLibrary.GetExport(library, "ERR_clear_error");
    }

    /// <summary>The library of this machine; null where it is missing or too old.</summary>
    public static OpenSslEd25519? Instance { get; } = Load();

    /// <summary>As <see cref="ISignatureVerifier.Verify"/>, for a signature of the right length.</summary>
    public bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> keyBytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(keyBytes);
        fixed (byte* keyStart = keyBytes, messageStart = message, signatureStart = signature)
        {
            nint handle = _newKey(KeyType, 0, keyStart, PublicKey.Size);
            nint context = _newContext();
            bool isValid = handle != 0 && context != 0
                && _begin(context, 0, 0, 0, handle) == 1
                && _verify(context, signatureStart, ISignatureVerifier.SignatureSize, messageStart, (nuint)message.Length) == 1;
            _freeContext(context);
            _freeKey(handle);
            if (!isValid)
            {
                // What is left in this thread's queue would be taken for an error of its next TLS call.
                _clearErrors();
            }

            return isValid;
        }
    }

    private static OpenSslEd25519? Load()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        foreach (string name in _names)
        {
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "EVP_DigestVerify", out _))
            {
                return new OpenSslEd25519(library);
            }
        }

        return null;
    }
}
