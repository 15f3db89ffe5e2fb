using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Storage;

/// <summary>A task's folder in a fresh place, opened and reopened, and the answers that its store posted.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    public const int PieceLength = 4 * 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly BlockingCollection<NodeInput> _answers = [];
    private readonly bool _ownsRoot;
    private TaskFolder? _folder;
    private PieceStore? _store;

    public TestStore(string? root = null, int pieces = 10_000, bool ownsRoot = false)
    {
        _ownsRoot = ownsRoot || root is null;
        Root = root ?? Path.Combine(Path.GetTempPath(), "starling-store-" + Guid.NewGuid().ToString("N"));
        Info = InfoOf(pieces);
    }

    public static Hash256 TaskId { get; } = Hash256.Of("a task"u8);

    public string Root { get; }

    public TaskInfo Info { get; init; }

    public PieceStoreOptions Options { get; set; } = new();

    public PieceStore Store => _store ?? throw new InvalidOperationException("not open");

    public TaskFolder Folder => _folder ?? throw new InvalidOperationException("not open");

    public string JournalPath => Path.Combine(Root, ".starling", "journal");

    /// <summary>In memory where the system has such a folder: for tests that open a store a thousand times, whose flushes prove nothing.</summary>
    public static TestStore InMemory() => new(
        Directory.Exists("/dev/shm") ? "/dev/shm/starling-store-" + Guid.NewGuid().ToString("N") : null, ownsRoot: true);

    public static TaskInfo InfoOf(int pieces, params OutputFile[] files) => new()
    {
        Name = "sample",
        Run = new RunSpec.Shell("true"),
        Files = files.Length > 0 ? files : [new OutputFile("sample", pieces)],
        PieceLength = PieceLength,
        Verify = new VerifySpec.Own(),
    };

    /// <summary>Content that depends on the piece alone, so that it can be checked later.</summary>
    public static byte[] ContentOf(int piece, int length)
    {
        var content = new byte[length];
        new Random(piece).NextBytes(content);
        return content;
    }

    public PieceStore Open()
    {
        Assert.Null(TryOpen());
        return Store;
    }

    public Problem? TryOpen()
    {
        if (!TaskFolder.TryOpen(Root, Info, TaskId, out _folder, out Problem? problem))
        {
            return problem;
        }

        if (!PieceStore.TryOpen(_folder, _answers.Add, Options, out _store, out problem))
        {
            _folder.Dispose();
            _folder = null;
        }

        return problem;
    }

    public async Task CloseAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        _folder?.Dispose();
        (_store, _folder) = (null, null);
    }

    public async Task<PieceStore> ReopenAsync()
    {
        await CloseAsync();
        return Open();
    }

    public ResultId Run(long job, ReadOnlySpan<byte> output)
    {
        using IOutputSink sink = Store.OpenOutput(new JobId(job));
        Assert.True(sink.TryWrite(output));
        return sink.Complete();
    }

    /// <summary>Runs a piece, keeps its output with a batch of one byte, and returns at once.</summary>
    public ResultId RunAndKeep(int piece, ReadOnlySpan<byte> output)
    {
        ResultId result = Run(piece, output);
        Store.KeepOutputs([new KeptOutput(new JobId(piece), piece, result)], new[] { (byte)piece });
        return result;
    }

    public ResultId KeepAndWait(int piece, ReadOnlySpan<byte> output)
    {
        ResultId result = RunAndKeep(piece, output);
        Assert.Equal(new NodeInput.ResultStored(piece, result), Next());
        return result;
    }

    public void Write(int piece, ResultId result, int block, ReadOnlyMemory<byte> data) =>
        Store.WriteBlock(piece, result, block, data, Hash256.Of(data.Span));

    public void Download(int piece, byte[] content, ResultId result)
    {
        for (int block = result.BlockCount - 1; block >= 0; block--)
        {
            int start = block * MerkleTree.BlockSize;
            Write(piece, result, block, content.AsMemory(start, Math.Min(MerkleTree.BlockSize, content.Length - start)));
        }

        Store.CommitDownload(piece, result);
    }

    public NodeInput Next()
    {
        Assert.True(_answers.TryTake(out NodeInput? answer, Patience), "no answer");
        return answer;
    }

    public NodeInput? TryNext(TimeSpan patience) => _answers.TryTake(out NodeInput? answer, patience) ? answer : null;

    public Problem NextFailure() => Assert.IsType<NodeInput.StoreFailed>(Next()).Problem;

    public List<NodeInput> TakeAll()
    {
        var taken = new List<NodeInput>();
        while (_answers.TryTake(out NodeInput? answer))
        {
            taken.Add(answer);
        }

        return taken;
    }

    public void AssertHeld(int piece, byte[] content) => Assert.True(Holds(piece, content), $"piece {piece} is not held with its bytes");

    public bool Holds(int piece, byte[] content)
    {
        var read = new byte[content.Length];
        return Store.TryRead(piece, MerkleTree.ResultOf(content), 0, read) && read.AsSpan().SequenceEqual(content);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (_ownsRoot && Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
