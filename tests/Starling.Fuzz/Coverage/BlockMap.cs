using System;
using System.Collections.Generic;
using System.IO;

namespace Starling.Fuzz.Coverage;

/// <summary>Which type each instrumented block belongs to.</summary>
internal sealed class BlockMap
{
    private readonly Dictionary<string, List<int>> _blocks = [];

    /// <summary>What <see cref="Instrumenter"/> wrote into the folder; empty where nothing is instrumented.</summary>
    public static BlockMap Load(string folder)
    {
        var map = new BlockMap();
        string path = Path.Combine(folder, Instrumenter.MapName);
        string[] lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        for (int block = 0; block < lines.Length; block++)
        {
            if (!map._blocks.TryGetValue(lines[block], out List<int>? blocks))
            {
                map._blocks.Add(lines[block], blocks = []);
            }

            blocks.Add(block);
        }

        return map;
    }

    /// <summary>How many blocks these types have, and how many were reached.</summary>
    public (int Reached, int All) Of(IEnumerable<Type> types)
    {
        int reached = 0;
        int all = 0;
        foreach (Type type in types)
        {
            foreach (int block in _blocks.TryGetValue(type.FullName!, out List<int>? blocks) ? blocks : [])
            {
                all++;
                reached += Trace.WasReached(block) ? 1 : 0;
            }
        }

        return (reached, all);
    }
}
