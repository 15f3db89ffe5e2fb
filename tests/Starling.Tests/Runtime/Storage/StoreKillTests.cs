using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Storage;

public sealed class StoreKillTests
{
    private const int Rounds = 12;

    [Fact]
    public async Task A_process_killed_again_and_again_at_random_moments_keeps_all_that_it_announced()
    {
        await using var store = new TestStore(pieces: KilledWriter.Pieces);
        var random = new Random(20);
        var announced = new HashSet<int>();
        for (int round = 0; round < Rounds; round++)
        {
            announced.UnionWith(RunAndKill(store.Root, TimeSpan.FromMilliseconds(random.Next(120))));
            PieceStore left = store.Open();
            Assert.Null(left.Damage);
            int[] held = [.. left.Restored.Held.Select(item => item.Piece)];
            Assert.Subset(held.ToHashSet(), announced);
            foreach (int piece in held)
            {
                store.AssertHeld(piece, KilledWriter.ContentOf(piece));
            }

            // A run's output and the batch that attests it are one step.
            HashSet<int> attested = [.. left.Restored.Batches.Select(batch => (int)batch.Span[0])];
            Assert.All(held.Where(piece => piece % 3 != 0), piece => Assert.Contains(piece & 0xFF, attested));
            Assert.Equal(held.Count(piece => piece % 3 != 0), left.Restored.Batches.Count);
            await store.CloseAsync();
        }

        Assert.True(announced.Count > Rounds, "the writer hardly wrote anything");
    }

    /// <summary>Starts a writer, kills it this long after its first word, and returns all that it said.</summary>
    private static List<int> RunAndKill(string root, TimeSpan delay)
    {
        using Process writer = ChildProgram.Start(KilledWriter.Name, root);
        var said = new List<int>();
        string? first = writer.StandardOutput.ReadLine();
        Assert.NotNull(first);
        Thread.Sleep(delay);
        writer.Kill();
        string rest = first + "\n" + writer.StandardOutput.ReadToEnd();
        writer.WaitForExit();

        // The last line may be cut short; only what ends in a line's end was said.
        foreach (string line in rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            said.Add(int.Parse(line, CultureInfo.InvariantCulture));
        }

        return said;
    }
}
