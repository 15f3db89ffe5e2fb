using System.Diagnostics.CodeAnalysis;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>
/// Arithmetic on several words side by side. The hashes are written once over it; each implementation is a struct, so the compiler makes
/// code of its own for every width, with these methods gone into it.
/// </summary>
/// <typeparam name="TVector">The register: a hardware vector, or one plain word.</typeparam>
/// <typeparam name="TWord">One lane, 32 or 64 bits.</typeparam>
internal interface ILanes<TVector, TWord>
    where TVector : unmanaged
    where TWord : unmanaged
{
    /// <summary>Number of lanes: 1 to 16.</summary>
    static abstract int Count { get; }

    /// <summary>Lane i holds i.</summary>
    static abstract TVector Counting { get; }

    /// <summary>The same word in every lane.</summary>
    static abstract TVector Of(TWord word);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector And(TVector a, TVector b);

    static abstract TVector Or(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>a ^ b ^ c.</summary>
    static abstract TVector Xor3(TVector a, TVector b, TVector c);

    /// <summary>Bits of <paramref name="yes"/> where the mask is 1, of <paramref name="no"/> where it is 0.</summary>
    static abstract TVector Choose(TVector mask, TVector yes, TVector no);

    /// <summary>Each bit as at least two of the three have it.</summary>
    static abstract TVector Majority(TVector a, TVector b, TVector c);

    /// <summary>a ^ (b | ~c), the fourth function of MD5.</summary>
    static abstract TVector XorOrNot(TVector a, TVector b, TVector c);

    static abstract TVector ShiftLeft(TVector a, int bits);

    static abstract TVector ShiftRight(TVector a, int bits);

    static abstract TVector RotateRight(TVector a, [ConstantExpected] byte bits);

    /// <summary>
    /// Three rotations to the right of one word, combined by exclusive or. One call, since the compiler only joins so many into a method.
    /// </summary>
    static abstract TVector XorOfRotations(
        TVector a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third);

    /// <summary>The same with a shift in place of the third rotation.</summary>
    static abstract TVector XorOfRotationsAndShift(
        TVector a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift);

    /// <summary>Reverses the bytes of every word.</summary>
    static abstract TVector SwapBytes(TVector a);

    /// <summary>Bit i is set where lane i, as an unsigned number, is at most <paramref name="limit"/>.</summary>
    static abstract uint AtMost(TVector a, TWord limit);
}
