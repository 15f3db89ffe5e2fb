using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Storage;

/// <summary>
/// One sample of work, stopped before every single step in turn; then the folder is opened as a killed process left it, and as a power
/// failure may have left it at worst. What was announced must be there, what is there must be right.
/// </summary>
public sealed class StoreCrashTests
{
    private static readonly int[] Lengths = [100, 16_384, 16_385, 0, 70_000, 5, 200_000, 33];

    [Fact]
    public async Task A_kill_before_any_step_loses_nothing_announced()
    {
        int steps = await CountStepsAsync();
        Assert.InRange(steps, 40, 500);
        for (int step = 0; step < steps; step++)
        {
            await using var sample = new CrashSample(step);
            await sample.RunAsync();
            sample.AssertIntact(sample.Root);
        }
    }

    [Fact]
    public async Task A_power_failure_before_any_step_loses_nothing_announced()
    {
        int steps = await CountStepsAsync();
        for (int step = 0; step < steps; step++)
        {
            await using var sample = new CrashSample(step);
            await sample.RunAsync();
            foreach (string left in sample.LeftByPowerFailure())
            {
                try
                {
                    sample.AssertIntact(left);
                }
                finally
                {
                    Directory.Delete(left, recursive: true);
                }
            }
        }
    }

    [Fact]
    public async Task A_kill_during_a_rewrite_of_the_journal_loses_nothing()
    {
        foreach (StoreStep fatal in new[] { StoreStep.WriteNewJournal, StoreStep.PlaceNewJournal })
        {
            await using var store = TestStore.InMemory();
            store.Open();
            byte[] kept = TestStore.ContentOf(1, 5_000);
            store.KeepAndWait(1, kept);
            for (int piece = 2; piece < 8; piece++)
            {
                store.Store.DropResult(piece, store.KeepAndWait(piece, TestStore.ContentOf(piece, 10_000)));
            }

            await store.CloseAsync();
            store.Options = new PieceStoreOptions
            {
                MinGarbage = 1,
                FailPoint = (step, _) =>
                {
                    if (step == fatal)
                    {
                        throw new StoreCrash();
                    }
                },
            };
            Assert.Throws<StoreCrash>(() => store.TryOpen());
            store.Options = new PieceStoreOptions();
            await store.CloseAsync();
            Assert.Equal(1, store.Open().Restored.Held.Single().Piece);
            store.AssertHeld(1, kept);
            Assert.False(File.Exists(store.JournalPath + ".new"));
        }
    }

    private static async Task<int> CountStepsAsync()
    {
        await using var sample = new CrashSample(int.MaxValue);
        await sample.RunAsync();
        sample.AssertIntact(sample.Root);
        Assert.Equal(Lengths.Length + 7, sample.Announced.Count);
        return sample.Steps;
    }

    /// <summary>The work, and what is known of what lasts.</summary>
    private sealed class CrashSample(int fatalStep) : IAsyncDisposable
    {
        private readonly TestStore _store = TestStore.InMemory();
        private readonly object _gate = new();
        private readonly HashSet<string> _placed = [];
        private readonly HashSet<(int Piece, ResultId Result)> _dropped = [];
        private readonly HashSet<(int Piece, ResultId Result)> _released = [];
        private readonly List<(byte Batch, int[] Pieces)> _batches = [];
        private Action? _whenDone;
        private long _synced;
        private bool _crashed;

        public int Steps { get; private set; }

        public string Root => _store.Root;

        public Dictionary<(int Piece, ResultId Result), byte[]> Announced { get; } = [];

        public async Task RunAsync()
        {
            _store.Options = new PieceStoreOptions { FailPoint = Pass };
            try
            {
                _store.Open();
                for (int piece = 0; piece < Lengths.Length; piece++)
                {
                    Keep(piece);
                }

                Keep(20, 21, 22);
                _store.Store.SaveBatch(new byte[] { 200 });
                Download(30);
                Drop(4);
                _store.Store.SaveAccepted(1, ResultOf(1), accepted: true);
                Drop(0);
                Download(31);
                Release(21);
                Release(1);
                Keep(40, 41);
            }
            catch (StoreCrash)
            {
                _crashed = true;
            }

            await _store.CloseAsync();
        }

        public void AssertIntact(string root)
        {
            var left = new TestStore(root);
            PieceStore store = left.Open();
            Assert.Null(store.Damage);
            foreach (((int piece, ResultId result), byte[] content) in Announced)
            {
                if (!_dropped.Contains((piece, result)))
                {
                    left.AssertHeld(piece, content);
                }
            }

            // What was released is there, or known to have been.
            Assert.All(_released, released => Assert.True(store.Restored.Held.Contains(released) || store.Restored.Released.Contains(released)));
            foreach ((int piece, ResultId result) in store.Restored.Held)
            {
                left.AssertHeld(piece, ContentOf(piece));
                Assert.Equal(result, ResultOf(piece));
            }

            // My batch is saved exactly when all of its outputs are.
            foreach ((byte batch, int[] pieces) in _batches)
            {
                bool saved = store.Restored.Batches.Any(bytes => bytes.Length == 1 && bytes.Span[0] == batch);
                foreach (int piece in pieces.Where(piece => !_dropped.Contains((piece, ResultOf(piece)))))
                {
                    Assert.Equal(saved, store.Restored.Held.Contains((piece, ResultOf(piece))));
                }
            }

            Assert.Empty(Directory.GetFiles(left.Folder.Temporary));
            left.CloseAsync().GetAwaiter().GetResult();
        }

        /// <summary>What may be left: unflushed names gone, the journal's unflushed end missing, zero, or there in part only.</summary>
        public IEnumerable<string> LeftByPowerFailure()
        {
            string journal = Path.Combine(Root, ".starling", "journal");
            byte[] whole = File.Exists(journal) ? File.ReadAllBytes(journal) : [];
            int synced = (int)Math.Min(_synced, whole.Length);
            var variants = new List<byte[]> { whole[..synced] };
            if (whole.Length > synced)
            {
                byte[] zeros = (byte[])whole.Clone();
                zeros.AsSpan(synced).Clear();
                byte[] lateOnly = (byte[])whole.Clone();
                lateOnly.AsSpan(synced, (whole.Length - synced + 1) / 2).Clear();
                byte[] earlyOnly = (byte[])whole.Clone();
                earlyOnly.AsSpan(synced + ((whole.Length - synced) / 2)).Clear();
                variants.AddRange([zeros, lateOnly, earlyOnly]);
            }

            foreach (byte[] variant in variants)
            {
                string copy = Root + "-power";
                foreach (string file in Directory.GetFiles(Root, "*", SearchOption.AllDirectories).Where(file => !_placed.Contains(Path.GetFileName(file))))
                {
                    string target = Path.Combine(copy, Path.GetRelativePath(Root, file));
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    File.Copy(file, target);
                }

                if (File.Exists(journal))
                {
                    File.WriteAllBytes(Path.Combine(copy, ".starling", "journal"), variant);
                }

                yield return copy;
            }
        }

        public ValueTask DisposeAsync() => _store.DisposeAsync();

        private static byte[] ContentOf(int piece) =>
            TestStore.ContentOf(piece, piece < Lengths.Length ? Lengths[piece] : piece == 31 ? 10 : piece * 1000);

        private static ResultId ResultOf(int piece) => MerkleTree.ResultOf(ContentOf(piece));

        private void Keep(params int[] pieces)
        {
            foreach (int piece in pieces)
            {
                _store.Run(piece, ContentOf(piece));
            }

            _batches.Add(((byte)(pieces[0] + 1), pieces));
            _store.Store.KeepOutputs([.. pieces.Select(piece => new KeptOutput(new JobId(piece), piece, ResultOf(piece)))], new[] { (byte)(pieces[0] + 1) });
            Await(pieces.Length);
        }

        private void Download(int piece)
        {
            _store.Download(piece, ContentOf(piece), ResultOf(piece));
            Await(1);
        }

        private void Drop(int piece)
        {
            _dropped.Add((piece, ResultOf(piece)));
            _store.Store.DropResult(piece, ResultOf(piece));
        }

        private void Release(int piece)
        {
            _dropped.Add((piece, ResultOf(piece)));
            _released.Add((piece, ResultOf(piece)));
            _store.Store.ReleaseResult(piece, ResultOf(piece));
        }

        private void Await(int answers)
        {
            while (answers > 0)
            {
                if (_store.TryNext(TimeSpan.FromMilliseconds(2)) is NodeInput.ResultStored stored)
                {
                    Announced.Add((stored.Piece, stored.Result), ContentOf(stored.Piece));
                    answers--;
                }
                else if (_crashed)
                {
                    throw new StoreCrash();
                }
            }
        }

        private void Pass(StoreStep step, string path)
        {
            lock (_gate)
            {
                _whenDone?.Invoke();
                _whenDone = null;
                if (_crashed || Steps == fatalStep)
                {
                    _crashed = true;
                    throw new StoreCrash();
                }

                Steps++;
                switch (step)
                {
                    case StoreStep.PlaceNewJournal:
                        long placed = new FileInfo(path + ".new").Length;
                        _whenDone = () => _synced = placed;
                        break;
                    case StoreStep.FlushJournal:
                        long written = new FileInfo(path).Length;
                        _whenDone = () => _synced = written;
                        break;
                    case StoreStep.PlaceFile:
                        string[] before = Directory.GetFiles(_store.Folder.Pieces);
                        _whenDone = () => _placed.UnionWith(Directory.GetFiles(_store.Folder.Pieces).Except(before).Select(file => Path.GetFileName(file)));
                        break;
                    case StoreStep.FlushFolder:
                        _whenDone = _placed.Clear;
                        break;
                }
            }
        }
    }
}
