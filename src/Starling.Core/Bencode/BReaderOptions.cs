namespace Starling.Core.Bencode;

/// <summary>The bounds of one kind of input, and how strictly it is read.</summary>
public sealed record BReaderOptions
{
    /// <summary>Lists and dictionaries within each other, where nothing else is said.</summary>
    public const int DefaultMaxDepth = 100;

    /// <summary>Values and keys of a wire message: a batch of 256 entries with five values each fits well.</summary>
    public const int WireMaxTokens = 16_384;

    /// <summary>Values and keys of a file: 65,536 output files with a dozen values each.</summary>
    public const int FileMaxTokens = 1_000_000;

    /// <summary>Bytes of a wire message in all.</summary>
    public const int WireMaxSize = 1024 * 1024;

    /// <summary>Bytes of a file in all.</summary>
    public const int FileMaxSize = 10 * 1024 * 1024;

    /// <summary>Messages of our own protocol: canonical, small.</summary>
    public static BReaderOptions Wire { get; } = new() { MaxSize = WireMaxSize, MaxTokens = WireMaxTokens };

    /// <summary>Messages of other programs (BEP 10, PEX): like <see cref="Wire"/>, but keys in any order.</summary>
    public static BReaderOptions ForeignWire { get; } = Wire with { Canonical = false };

    /// <summary>Our own files: canonical.</summary>
    public static BReaderOptions File { get; } = new();

    /// <summary>Files of other programs: keys in any order, leading zeros, a line end after the value.</summary>
    public static BReaderOptions ForeignFile { get; } = new() { Canonical = false };

    /// <summary>Lists and dictionaries within each other; at most <see cref="DefaultMaxDepth"/>.</summary>
    public int MaxDepth { get; init; } = DefaultMaxDepth;

    /// <summary>Values and keys in all: bounds the memory that small input can ask for.</summary>
    public int MaxTokens { get; init; } = FileMaxTokens;

    /// <summary>Bytes of the input.</summary>
    public int MaxSize { get; init; } = FileMaxSize;

    /// <summary>
    /// Whether only the canonical encoding is taken: sorted keys, no leading zeros, no <c>-0</c>, nothing after the end. Keys that
    /// stand twice are refused either way: programs disagree on which of them counts.
    /// </summary>
    public bool Canonical { get; init; } = true;
}
