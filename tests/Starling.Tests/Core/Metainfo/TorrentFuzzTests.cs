using System;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Tasks;
using Starling.Tests.Core.Fuzz;
using static Starling.Tests.Core.Metainfo.TorrentSamples;

namespace Starling.Tests.Core.Metainfo;

/// <summary>Damaged torrents are refused, or mean something that can be worked with: safe different paths, ranges that end where files do.</summary>
public sealed class TorrentFuzzTests
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("STARLING_FUZZ_ROUNDS"), out int rounds) ? rounds : 20_000;

    [Fact]
    public void Damaged_torrents_never_harm()
    {
        byte[][] corpus =
        [
            .. Enum.GetValues<TorrentVersion>().Select(version => Folder(version, [("a", Content(20_000, 1)), ("b/c", Content(3, 2)), ("d", [])]).File().ToBytes()),
            Single(TorrentVersion.Hybrid, "x.bin", Content(50_000, 1)).File().ToBytes(),
        ];
        var mutation = new Mutation(20_261_121, corpus);
        int accepted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] input = mutation.Next();
            if (!TorrentFile.TryRead(input, out TorrentFile? file, out _))
            {
                continue;
            }

            accepted++;
            TorrentInfo info = file.Info;
            string[] paths = [.. info.Files.Where(entry => entry.Kind == TorrentFileKind.Content).Select(entry => entry.Path)];
            Assert.All(paths, path => Assert.True(SafePath.IsSafe(path, out _), path));
            Assert.Null(SafePath.FirstClash(paths));
            Assert.Equal(file.ToBytes(), TorrentFile.TryRead(file.ToBytes(), out TorrentFile? again, out _) ? again.ToBytes() : null);

            // Damage to a length can make many pieces; the ends and some between tell as much.
            foreach (int piece in (int[])[0, info.PieceCount / 3, info.PieceCount / 2, info.PieceCount - 1])
            {
                long covered = 0;
                foreach (FileSlice slice in info.Slices(piece, 0, info.PieceSize(piece)))
                {
                    covered += slice.Length;
                    Assert.InRange(slice.Offset + slice.Length, 1, info.Files[slice.File].Length);
                }

                Assert.Equal(info.PieceSize(piece), covered);
            }
        }

        Assert.InRange(accepted, Rounds / 100, Rounds);
    }

    [Fact]
    public void Repaired_names_are_safe()
    {
        var mutation = new Mutation(7, [.. ((string[])["CON.txt", ".starling", " a. ", "Lpt1 .x", "ordinary name.mkv", "\u202E\u0000/\\", new string('x', 260) + ".tar"]).Select(System.Text.Encoding.UTF8.GetBytes)]);
        for (int round = 0; round < Rounds; round++)
        {
            string? name = PartOf(mutation.Next());
            Assert.True(name is null || SafePath.IsSafeName(name, out _), name);
            Assert.True(name is null || SafePath.IsSafeName(SafePath.Numbered(name, 123_456), out _), name);
        }
    }

    private static string? PartOf(byte[] raw) => SafePath.Repaired(System.Text.Encoding.UTF8.GetString(raw));
}
