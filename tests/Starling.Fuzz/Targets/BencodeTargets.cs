using Starling.Core.Bencode;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

internal static class BencodeTargets
{
    private static readonly string[] Words = ["", "a", "info", "pieces", "d1:ad1:bleee", "lllleeee", "9223372036854775807", "-9223372036854775808", "i-0e", "00:", "99999999:", "e", "i"];

    private static readonly byte[][] Values =
    [
        "d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe"u8.ToArray(),
        "li0ei-1ei9223372036854775807ei-9223372036854775808e0:3:abclli1eeed0:0:ee"u8.ToArray(),
    ];

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "bencode",
            Covers = [typeof(BReader), typeof(BencodeWriter), typeof(BDictionary)],
            Shape = InputShape.Bencode,
            Words = Words,
            IsCanonical = true,
            Seeds = () => [Values[0], Values[1], "d3:zzzdee"u8.ToArray(), "0:"u8.ToArray(), "i-5e"u8.ToArray()],
            Start = () => static input => BReader.TryRead(input, BReaderOptions.File, out BValue? value, out _) ? value.ToBytes() : null,
            AllocationPerByte = 128,
        },
        new()
        {
            Name = "bencode-foreign",
            Covers = [typeof(BReader), typeof(BDictionary)],
            Shape = InputShape.Bencode,
            Words = Words,
            Seeds = () => [Values[0], Values[1], "d3:zzzde1:ai007ee\r\n"u8.ToArray(), "li-0ee"u8.ToArray()],
            Start = () => static input =>
            {
                bool foreign = BReader.TryRead(input, BReaderOptions.ForeignFile, out BValue? value, out _);
                bool strict = BReader.TryRead(input, BReaderOptions.File, out _, out _);
                FuzzFailureException.Unless(foreign || !strict, "the strict reader takes what the lenient one refuses");
                return value?.ToBytes();
            },
            AllocationPerByte = 192,
        },
    ];
}
