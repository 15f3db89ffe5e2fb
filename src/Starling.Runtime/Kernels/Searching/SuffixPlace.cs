namespace Starling.Runtime.Kernels.Searching;

/// <summary>Where four digits go in the words of a block: into one word by a shift to the left, or over the border of two.</summary>
/// <param name="Word">The first word.</param>
/// <param name="Straddles">Whether the digits go on in the next word.</param>
/// <param name="Shift">Bits to the left; when they straddle, of the first word and in big-endian words to the right.</param>
/// <param name="Rest">Bits of the second word, the other way.</param>
/// <param name="IsBigEndian">Order of bytes in a word.</param>
internal readonly record struct SuffixPlace(int Word, bool Straddles, int Shift, int Rest, bool IsBigEndian)
{
    private const int Size = 4;

    /// <summary>The place at byte <paramref name="offset"/> of the message.</summary>
    public static SuffixPlace Of(int offset, int wordSize, bool isBigEndian)
    {
        int word = offset / wordSize;
        int inWord = offset % wordSize;
        int over = inWord + Size - wordSize;
        if (over <= 0)
        {
            return new SuffixPlace(word, false, 8 * (isBigEndian ? -over : inWord), 0, isBigEndian);
        }

        int shift = isBigEndian ? over : inWord;
        int rest = isBigEndian ? wordSize - over : Size - over;
        return new SuffixPlace(word, true, 8 * shift, 8 * rest, isBigEndian);
    }
}
