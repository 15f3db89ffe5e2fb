namespace Starling.Runtime.Kernels.Hashing;

/// <summary>
/// A hash of messages that fit one block with their padding (55 bytes, or 111 of SHA-512), on several messages side by side.
/// </summary>
internal interface IBlockHash<TVector>
    where TVector : unmanaged
{
    /// <summary>
    /// Words of a block; the length of the message in bits goes into the last but <see cref="LengthWordFromEnd"/> of them.
    /// </summary>
    const int BlockWords = 16;

    /// <summary>Most words that a digest has here.</summary>
    const int MaxDigestWords = 8;

    /// <summary>Words of the digest.</summary>
    static abstract int DigestWords { get; }

    /// <summary>Whether the first byte of a word is its highest.</summary>
    static abstract bool IsBigEndian { get; }

    /// <summary>0: the length stands in the last word; 1: in the one before.</summary>
    static abstract int LengthWordFromEnd { get; }

    /// <summary>Hashes one padded block.</summary>
    /// <param name="words">16 words; overwritten.</param>
    /// <param name="digest">Takes the words of the digest.</param>
    static abstract void HashBlock(ref TVector words, ref TVector digest);
}
