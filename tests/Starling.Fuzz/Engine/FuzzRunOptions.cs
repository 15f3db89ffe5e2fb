using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Starling.Fuzz.Engine;

/// <summary>What a run of the fuzzer is told.</summary>
internal sealed record FuzzRunOptions
{
    public const string Help =
        """
        usage: ./test --fuzz INPUTS [--filter TARGET[,TARGET]...] [--seed N] [--input HEX] [--corpus-size BYTES]
          INPUTS         fresh inputs for each target, besides those of its corpus; 0: the corpus alone
          --filter       targets of these names, or, where there is none, with this in their names
          --seed         other inputs than those of seed 1
          --input        this input alone
          --corpus-size  characters of a target's corpus at most when it is written anew; 0: leave it as it is
        """;

    public long Inputs { get; private init; }

    public string[] Filter { get; private init; } = [];

    public ulong Seed { get; private init; } = 1;

    public byte[]? Input { get; private init; }

    /// <summary>The folder of the corpora.</summary>
    public string Corpus { get; private init; } = "";

    /// <summary>A folder for all that was kept: every run begins with it, an instrumented one adds to it. Empty: none.</summary>
    public string Pool { get; private init; } = "";

    public int CorpusSize { get; private init; } = 4_500;

    public static bool TryParse(string[] args, [NotNullWhen(true)] out FuzzRunOptions? options)
    {
        options = null;
        if (args.Length % 2 != 1 || !long.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out long inputs))
        {
            return false;
        }

        var read = new FuzzRunOptions { Inputs = inputs };
        for (int i = 1; i < args.Length; i += 2)
        {
            string value = args[i + 1];
            switch (args[i])
            {
                case "--filter":
                    read = read with { Filter = value.Split(',', StringSplitOptions.RemoveEmptyEntries) };
                    break;
                case "--seed" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed):
                    read = read with { Seed = seed };
                    break;
                case "--input" when value.Length % 2 == 0 && value.AsSpan().IndexOfAnyExcept("0123456789abcdefABCDEF") < 0:
                    read = read with { Input = Convert.FromHexString(value) };
                    break;
                case "--corpus":
                    read = read with { Corpus = value };
                    break;
                case "--pool":
                    read = read with { Pool = value };
                    break;
                case "--corpus-size" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int size):
                    read = read with { CorpusSize = size };
                    break;
                default:
                    return false;
            }
        }

        options = read;
        return true;
    }
}
