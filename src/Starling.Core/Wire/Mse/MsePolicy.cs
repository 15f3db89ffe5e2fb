using System;

namespace Starling.Core.Wire.Mse;

/// <summary>What the owner wants of message stream encryption.</summary>
public enum MsePolicy
{
    /// <summary>Encrypted where the peer can, plain otherwise.</summary>
    Prefer,

    /// <summary>Encrypted or not at all: no plain handshakes, RC4 only.</summary>
    Require,

    /// <summary>Plain only.</summary>
    Off,
}

/// <summary>The bits of <c>crypto_provide</c> and <c>crypto_select</c>.</summary>
[Flags]
public enum MseMethods
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Only the handshake is hidden.</summary>
    Plaintext = 1,

    /// <summary>Everything is hidden.</summary>
    Rc4 = 2,
}

/// <summary>What follows from an owner's policy.</summary>
public static class MsePolicyRules
{
    /// <summary>What an initiator offers and a responder accepts. Nothing: this side does not speak MSE.</summary>
    public static MseMethods Methods(this MsePolicy policy) => policy switch
    {
        MsePolicy.Prefer => MseMethods.Rc4 | MseMethods.Plaintext,
        MsePolicy.Require => MseMethods.Rc4,
        _ => MseMethods.None,
    };

    /// <summary>Whether a connection may start with a plain BitTorrent handshake, either way.</summary>
    public static bool AllowsPlain(this MsePolicy policy) => policy != MsePolicy.Require;

    /// <summary>What a responder picks of what both sides can: RC4 before plain text. <see cref="MseMethods.None"/>: nothing in common.</summary>
    public static MseMethods Select(MseMethods offered, MseMethods accepted)
    {
        MseMethods common = offered & accepted;
        return (common & MseMethods.Rc4) != 0 ? MseMethods.Rc4 : common & MseMethods.Plaintext;
    }
}
