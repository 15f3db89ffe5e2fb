using System;

namespace Starling.Core.Wire.Mse;

/// <summary>What has to be unpredictable in one handshake; drawn by the caller, used once.</summary>
public sealed class MseRandomness
{
    /// <summary>Bytes of the private exponent: 160 bits, as the specification advises.</summary>
    public const int ExponentSize = 20;

    /// <summary>Bytes of each pad at most, in both directions.</summary>
    public const int MaxPadSize = 512;

    /// <summary>Takes the three parts as they are.</summary>
    /// <param name="exponent">The private exponent, <see cref="ExponentSize"/> bytes.</param>
    /// <param name="valuePad">PadA or PadB, behind the public value: 0 to <see cref="MaxPadSize"/> bytes, its length random too.</param>
    /// <param name="cryptoPad">PadC or PadD, encrypted: 0 to <see cref="MaxPadSize"/> bytes, its length random too.</param>
    /// <exception cref="ArgumentException">A part has another length: a caller's bug.</exception>
    public MseRandomness(ReadOnlyMemory<byte> exponent, ReadOnlyMemory<byte> valuePad, ReadOnlyMemory<byte> cryptoPad)
    {
        if (exponent.Length != ExponentSize || valuePad.Length > MaxPadSize || cryptoPad.Length > MaxPadSize)
        {
            throw new ArgumentException("An exponent of 20 bytes and pads of at most 512 are needed.");
        }

        (Exponent, ValuePad, CryptoPad) = (exponent, valuePad, cryptoPad);
    }

    internal ReadOnlyMemory<byte> Exponent { get; }

    internal ReadOnlyMemory<byte> ValuePad { get; }

    internal ReadOnlyMemory<byte> CryptoPad { get; }

    /// <summary>
    /// Cuts the three parts out of random bytes: the exponent, the lengths of the pads, the pads.
    /// </summary>
    /// <param name="random">At least <see cref="SourceSize"/> bytes of a generator fit for secrets.</param>
    public static MseRandomness From(ReadOnlySpan<byte> random)
    {
        byte[] bytes = random[..SourceSize].ToArray();
        int valuePad = ((bytes[^1] << 8) | bytes[^2]) % (MaxPadSize + 1);
        int cryptoPad = ((bytes[^3] << 8) | bytes[^4]) % (MaxPadSize + 1);
        return new MseRandomness(
            bytes.AsMemory(0, ExponentSize),
            bytes.AsMemory(ExponentSize, valuePad),
            bytes.AsMemory(ExponentSize + MaxPadSize, cryptoPad));
    }

    /// <summary>Bytes that <see cref="From"/> needs.</summary>
    public const int SourceSize = ExponentSize + (2 * MaxPadSize) + 4;
}
