using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using static Starling.Tests.Core.Metainfo.TorrentSamples;

namespace Starling.Tests.Core.Metainfo;

public sealed class TorrentInfoTests
{
    [Theory]
    [InlineData(TorrentVersion.V1, 8, 126_389)]
    [InlineData(TorrentVersion.V2, 10, 151_920)]
    [InlineData(TorrentVersion.Hybrid, 10, 163_840)]
    public void Each_version_places_the_files_by_its_own_rule(TorrentVersion version, int pieces, long total)
    {
        TorrentInfo info = Folder(version, Tree).File().Info;
        Assert.Equal(("tree", true, pieces, total, 126_389L), (info.Name, info.IsFolder, info.PieceCount, info.TotalLength, info.ContentLength));
        Assert.Equal(Tree.Select(file => "tree/" + file.Path), info.Files.Where(file => !file.IsPadding).Select(file => file.Path));
        Assert.All(info.Files.Where(file => version != TorrentVersion.V1 && file is { Length: > 0, IsPadding: false }), file => Assert.Equal(0, file.Offset % 16_384));
    }

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public void Every_piece_of_the_right_content_is_right_and_one_wrong_byte_is_found(TorrentVersion version)
    {
        TorrentFile file = Folder(version, Tree).File();
        byte[][] pieces = PieceContents(file.Info, Tree);
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            Assert.Equal(PieceVerdict.Right, PieceCheck.Check(file.Info, file.Layers, piece, pieces[piece]));
            pieces[piece][^1] ^= 1;
            Assert.Equal(PieceVerdict.Wrong, PieceCheck.Check(file.Info, file.Layers, piece, pieces[piece]));
        }
    }

    [Fact]
    public void A_piece_is_hashed_the_same_however_it_streams_by()
    {
        TorrentFile file = Folder(TorrentVersion.Hybrid, Tree, 32_768).File();
        byte[][] pieces = PieceContents(file.Info, Tree);
        foreach (int step in (int[])[1, 7, 16_384, 20_000])
        {
            for (int piece = 0; piece < pieces.Length; piece++)
            {
                using var hasher = new PieceHasher(file.Info, piece);
                for (int at = 0; at < pieces[piece].Length; at += step)
                {
                    hasher.Append(pieces[piece].AsSpan(at, Math.Min(step, pieces[piece].Length - at)));
                }

                Assert.Equal(PieceVerdict.Right, hasher.Verdict(file.Layers));
            }
        }
    }

    [Fact]
    public void The_pieces_of_a_v2_torrent_end_with_their_file()
    {
        TorrentInfo info = Folder(TorrentVersion.V2, Tree).File().Info;
        Assert.Equal([16_384, 16_384, 7_232, 16_384, 5, 16_384, 16_384, 16_384, 16_384, 4_464], Enumerable.Range(0, 10).Select(info.PieceSize));
        Assert.Equal((5, 5), info.PiecesOf(3));
        Assert.Equal((0, 0), info.PiecesOf(4));
    }

    [Fact]
    public void Padding_is_part_of_a_hybrid_piece_but_not_of_its_v2_hash()
    {
        TorrentInfo info = Folder(TorrentVersion.Hybrid, Tree).File().Info;
        Assert.Equal((16_384, 7_232), (info.PieceSize(2), info.ContentSize(2)));
        List<FileSlice> slices = [];
        foreach (FileSlice slice in info.Slices(2, 7_000, 500))
        {
            slices.Add(slice);
        }

        Assert.Equal([new FileSlice(0, 39_768, 232, false), new FileSlice(1, 0, 268, true)], slices);
        Assert.Throws<ArgumentOutOfRangeException>(() => info.Slices(2, 16_384, 1));
    }

    [Fact]
    public void A_range_over_many_files_is_cut_at_each()
    {
        TorrentInfo info = Read(V1Info("x", 100, V1File(30, "", "a"), V1File(0, "", "b"), V1File(30, "", "c"), V1File(30, "p", ".pad", "30"), V1File(60, "", "d")));
        List<FileSlice> slices = [];
        foreach (FileSlice slice in info.Slices(0, 10, 90))
        {
            slices.Add(slice);
        }

        Assert.Equal([new(0, 10, 20, false), new(2, 0, 30, false), new(3, 0, 30, true), new(4, 0, 10, false)], slices);
        Assert.Equal((100, 50), (info.PieceSize(0), info.PieceSize(1)));
    }

    [Theory]
    [InlineData("a/b:c", "a_b_c")]
    [InlineData(" lead and trail. ", "_lead and trail._")]
    [InlineData("CON", "CON_")]
    [InlineData("com7.tar.gz", "com7_.tar.gz")]
    [InlineData(".starling", ".starling_")]
    [InlineData("a\u202Egpj.exe", "a_gpj.exe")]
    [InlineData("line\nbreak\0", "line_break_")]
    [InlineData("Ünï©ode 名前", "Ünï©ode 名前")]
    public void Unsafe_names_are_repaired(string raw, string expected)
    {
        TorrentInfo info = Read(V1Info(raw, 100, V1File(1, "", raw)));
        Assert.Equal(expected, info.Name);
        Assert.Equal($"{expected}/{expected}", info.Files[0].Path);
    }

    [Fact]
    public void A_name_that_is_too_long_keeps_its_extension()
    {
        TorrentInfo info = Read(V1Info("x", 100, V1File(1, "", new string('ä', 200) + ".mkv")));
        string name = info.Files[0].Path[2..];
        Assert.True(Encoding.UTF8.GetByteCount(name) is 254 or 255 && name.EndsWith("ä.mkv", StringComparison.Ordinal), name);
    }

    [Fact]
    public void Names_that_are_not_UTF8_are_repaired_and_the_UTF8_variant_is_preferred()
    {
        byte[] broken = [(byte)'a', 0xFF, (byte)'b'];
        BValue file = Dictionary(("length", new BInteger(1)), ("path", new BList([new BString(broken)])));
        Assert.Equal("x/a_b", Read(V1Info("x", 100, file)).Files[0].Path);
        BValue both = Dictionary(("length", new BInteger(1)), ("path", new BList([new BString(broken)])), ("path.utf-8", new BList([new BString("ok")])));
        Assert.Equal("x/ok", Read(V1Info("x", 100, both)).Files[0].Path);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public void Parts_that_walk_refuse_the_torrent(string part)
    {
        Assert.Contains("walks", Refusal(V1Info("x", 100, V1File(1, "", "a", part, "b"))), StringComparison.Ordinal);
        BDictionary tree = Dictionary((part, Leaf(5)));
        Assert.NotEmpty(Refusal(V2Info(tree)));
    }

    [Fact]
    public void A_name_that_cannot_be_repaired_becomes_the_hash()
    {
        byte[] bytes = V1Info("..", 100, V1File(1, "", "a"));
        TorrentInfo info = Read(bytes);
        Assert.Equal(info.InfoHashV1.ToString(), info.Name);
    }

    [Fact]
    public void Names_that_differ_in_case_only_are_renamed_and_such_folders_become_one()
    {
        TorrentInfo info = Read(V1Info(
            "x",
            100,
            V1File(1, "", "A.txt"),
            V1File(1, "", "a.TXT"),
            V1File(1, "", "a.txt"),
            V1File(1, "", "Dir", "one"),
            V1File(1, "", "dir", "two"),
            V1File(1, "", "a.txt", "inside"),
            V1File(1, "", "a.txt", "more"),
            V1File(1, "", "DIR")));
        Assert.Equal(
            ["x/A.txt", "x/a (2).TXT", "x/a (3).txt", "x/Dir/one", "x/Dir/two", "x/a (4).txt/inside", "x/a (4).txt/more", "x/DIR (2)"],
            info.Files.Select(file => file.Path));
        Assert.Null(SafePath.FirstClash([.. info.Files.Select(file => file.Path)]));
    }

    [Fact]
    public void Many_equal_names_take_no_quadratic_time_and_stay_apart()
    {
        TorrentInfo info = Read(V1Info("x", 1 << 20, [.. Enumerable.Repeat(V1File(1, "", "same"), 20_000)]));
        Assert.Equal(20_000, info.Files.Select(file => file.Path).Distinct().Count());
    }

    [Fact]
    public void Symbolic_links_are_listed_and_have_nothing()
    {
        BValue link = Dictionary(
            ("attr", new BString("l")), ("path", new BList([new BString("link")])), ("symlink path", new BList([new BString("..")])), ("length", new BInteger(0)));
        TorrentInfo info = Read(V1Info("x", 100, V1File(1, "", "a"), link));
        Assert.Equal(TorrentFileKind.Symlink, info.Files[1].Kind);
        Assert.Contains("with a length", Refusal(V1Info("x", 100, V1File(1, "l", "a"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Padding_needs_no_path()
    {
        BValue pad = Dictionary(("attr", new BString("p")), ("length", new BInteger(99)));
        Assert.True(Read(V1Info("x", 100, V1File(1, "", "a"), pad, V1File(5, "", "b"))).Files[1].IsPadding);
    }

    [Fact]
    public void Bounds_are_where_they_are_said_to_be()
    {
        BDictionary Sized(long length, long pieceLength, int hashes) => Dictionary(
            ("name", new BString("x")), ("piece length", new BInteger(pieceLength)), ("length", new BInteger(length)), ("pieces", new BString(new byte[hashes * 20])));

        Assert.Equal(TorrentLimits.MaxPieceLength, Read(Sized(10, TorrentLimits.MaxPieceLength, 1).ToBytes()).PieceLength);
        Assert.Contains("'piece length'", Refusal(Sized(10, TorrentLimits.MaxPieceLength + 1L, 1).ToBytes()), StringComparison.Ordinal);
        Assert.Contains("'piece length'", Refusal(Sized(10, 0, 1).ToBytes()), StringComparison.Ordinal);
        Assert.Equal(TorrentLimits.MaxPieces, Read(Sized(TorrentLimits.MaxPieces, 1, TorrentLimits.MaxPieces).ToBytes()).PieceCount);
        Assert.Contains("larger than", Refusal(Sized(TorrentLimits.MaxPieces + 1L, 1, 1).ToBytes()), StringComparison.Ordinal);
        Assert.Contains("'length'", Refusal(Sized(long.MaxValue, 16_384, 1).ToBytes()), StringComparison.Ordinal);
        Assert.Contains("'length'", Refusal(Sized(-1, 16_384, 1).ToBytes()), StringComparison.Ordinal);
        Assert.Contains("'pieces'", Refusal(Sized(16_385, 16_384, 1).ToBytes()), StringComparison.Ordinal);
        Assert.Contains("'pieces'", Refusal(Sized(16_384, 16_384, 2).ToBytes()), StringComparison.Ordinal);
        Assert.Contains("all empty", Refusal(Sized(0, 16_384, 0).ToBytes()), StringComparison.Ordinal);

        // Sums of lengths that are fine each.
        BValue half = V1File(TorrentLimits.MaxTotalLength, "", "a");
        Assert.Contains("larger than", Refusal(Dictionary(
            ("name", new BString("x")), ("piece length", new BInteger(TorrentLimits.MaxPieceLength)), ("files", new BList([.. Enumerable.Repeat(half, 9_000)])),
            ("pieces", new BString(new byte[20]))).ToBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_number_of_files_and_parts_is_bounded()
    {
        // Small values, so that the bound on files is met before that on values.
        BValue tiny = Dictionary(("attr", new BString("p")), ("length", new BInteger(1)));
        BValue[] Files(int count) => [V1File(1, "", "a"), .. Enumerable.Repeat(tiny, count - 1)];
        Assert.Equal(TorrentLimits.MaxFiles, Read(V1Info("x", 1 << 20, Files(TorrentLimits.MaxFiles))).Files.Count);
        Assert.Contains("'files'", Refusal(V1Info("x", 1 << 20, Files(TorrentLimits.MaxFiles + 1))), StringComparison.Ordinal);

        string[] Parts(int count) => [.. Enumerable.Repeat("p", count)];
        Assert.Single(Read(V1Info("x", 100, V1File(1, "", Parts(TaskLimitsOfFormat.MaxPathDepth - 1)))).Files);
        Assert.Contains("parts", Refusal(V1Info("x", 100, V1File(1, "", Parts(TaskLimitsOfFormat.MaxPathDepth)))), StringComparison.Ordinal);
        Assert.Contains("parts", Refusal(V1Info("x", 100, V1File(1, "", Parts(TaskLimitsOfFormat.MaxPathDepth + 1)))), StringComparison.Ordinal);

        BDictionary Deep(int depth) => depth == 0 ? Leaf(5) : Dictionary(("d", Deep(depth - 1)));
        Assert.Single(Read(V2Info(Deep(TaskLimitsOfFormat.MaxPathDepth - 1))).Files);
        Assert.Contains("deeper", Refusal(V2Info(Deep(TaskLimitsOfFormat.MaxPathDepth + 2))), StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_trees_are_refused()
    {
        Assert.Contains("'file tree' is missing", Refusal(V2Info(null)), StringComparison.Ordinal);
        Assert.Contains("no files", Refusal(V2Info(Dictionary())), StringComparison.Ordinal);
        Assert.Contains("a file where a folder", Refusal(V2Info(Leaf(5))), StringComparison.Ordinal);
        Assert.Contains("a file and a folder", Refusal(V2Info(Dictionary(("a", new BDictionary([.. Leaf(5).Entries, new BEntry("b"u8.ToArray(), Leaf(1))]))))), StringComparison.Ordinal);
        Assert.Contains("'pieces root'", Refusal(V2Info(Dictionary(("a", Dictionary(("", Dictionary(("length", new BInteger(5)))))))))
            , StringComparison.Ordinal);
        Assert.Contains("padding", Refusal(V2Info(Dictionary(("a", Dictionary(("", Dictionary(("attr", new BString("p")), ("length", new BInteger(5))))))))), StringComparison.Ordinal);
        Assert.Contains("'meta version'", Refusal(Dictionary(("meta version", new BInteger(3)), ("pieces", new BString("")))), StringComparison.Ordinal);
        Assert.Contains("'pieces' is missing", Refusal(Dictionary(("name", new BString("x")))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hybrid_whose_parts_disagree_is_refused()
    {
        byte[] right = Folder(TorrentVersion.Hybrid, Tree).InfoBytes.ToArray();
        Assert.True(TorrentInfo.TryRead(right, out _, out _));
        foreach ((string from, string to) in (ReadOnlySpan<(string, string)>)
            [("4:pathl5:b.txte", "4:pathl5:c.txte"), ("4:attr1:p", "4:attr1:x"), ("6:lengthi70000e4:path", "6:lengthi70001e4:path"), ("1:bd5:c.bin", "1:ad5:c.bin")])
        {
            string text = Encoding.Latin1.GetString(right);
            Assert.Contains(from, text, StringComparison.Ordinal);
            Assert.Contains("disagree", Refusal(Encoding.Latin1.GetBytes(text.Replace(from, to, StringComparison.Ordinal))), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_info_hash_is_over_the_bytes_as_they_are()
    {
        // Keys out of order are an old program's mistake; the swarm's name comes from its bytes.
        byte[] bytes = Encoding.Latin1.GetBytes("d6:lengthi1e4:name1:x6:pieces20:aaaaaaaaaaaaaaaaaaaa12:piece lengthi16384ee");
        TorrentInfo info = Read(bytes);
        Assert.Equal(new InfoHash(System.Security.Cryptography.SHA1.HashData(bytes)), info.InfoHashV1);
        Assert.Equal(info.InfoHashV1, Assert.Single(info.SwarmHashes));
        Assert.False(info.IsFolder);
        Assert.Equal("x", info.Files[0].Path);
    }

    internal static TorrentInfo Read(byte[] bytes) => TorrentInfo.TryRead(bytes, out TorrentInfo? info, out Problem? problem) ? info : throw new InvalidOperationException(problem.ToString());

    internal static BDictionary Leaf(long length) => Dictionary(("", Dictionary(("length", new BInteger(length)), ("pieces root", new BString(Enumerable.Repeat((byte)7, 32).ToArray())))));

    private static string Refusal(BDictionary info) => Refusal(info.ToBytes());

    private static string Refusal(byte[] bytes)
    {
        Assert.False(TorrentInfo.TryRead(bytes, out _, out Problem? problem));
        return problem.Reason;
    }

    private static byte[] V2Info(BDictionary? tree)
    {
        List<(string, BValue)> entries = [("name", new BString("x")), ("piece length", new BInteger(16_384)), ("meta version", new BInteger(2))];
        if (tree is not null)
        {
            entries.Add(("file tree", tree));
        }

        return Dictionary([.. entries]).ToBytes();
    }
}
