using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Pieces;

namespace Starling.Tests.Runtime.Storage;

/// <summary>
/// A process that stores pieces as fast as it can, by runs and by downloads, and writes the number of each to its standard output once it
/// was announced. It never ends by itself before all are there.
/// </summary>
internal static class KilledWriter
{
    public const string Name = "killed-writer";
    public const int Pieces = 20_000;

    private const int InFlight = 24;

    /// <summary>Mostly small, some at the inline threshold, some large.</summary>
    public static byte[] ContentOf(int piece) => TestStore.ContentOf(piece, (piece % 10) switch
    {
        7 => 16 * 1024,
        8 => 50_000,
        9 => 300_000,
        _ => piece % 97,
    });

    public static int Run(string root)
    {
        var store = new TestStore(root, Pieces);
        HashSet<int> held = [.. store.Open().Restored.Held.Select(item => item.Piece)];
        int inFlight = 0;
        for (int piece = 0; piece < Pieces; piece++)
        {
            if (held.Contains(piece))
            {
                continue;
            }

            byte[] content = ContentOf(piece);
            if (piece % 3 == 0)
            {
                store.Download(piece, content, MerkleTree.ResultOf(content));
            }
            else
            {
                store.RunAndKeep(piece, content);
            }

            for (inFlight++; inFlight >= InFlight; inFlight--)
            {
                Tell(store.Next());
            }
        }

        for (; inFlight > 0; inFlight--)
        {
            Tell(store.Next());
        }

        return 0;
    }

    private static void Tell(NodeInput answer)
    {
        Console.Out.WriteLine(((NodeInput.ResultStored)answer).Piece);
        Console.Out.Flush();
    }
}
