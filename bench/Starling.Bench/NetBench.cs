using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Engine;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;

namespace Starling.Bench;

/// <summary>
/// What links cost: start, handshake, memory and processor time while idle, bytes a second. Both ends run in this process, so what is
/// printed per link is the cost of its two ends together.
/// </summary>
internal static class NetBench
{
    private const int IdleLinks = 200;
    private const long StreamBytes = 2L * 1024 * 1024 * 1024;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    public static int Run() => RunAsync().GetAwaiter().GetResult();

    private static async Task<int> RunAsync()
    {
        TimeSpan cpu = Cpu();
        Ed25519Identity identity = Ed25519Identity.Create();
        bool valid = new Ed25519Verifier().Verify(identity.PublicKey, "first"u8, identity.Sign("first"u8));
        Print($"first key pair, signature and check ({valid}), milliseconds of processor time", (Cpu() - cpu).TotalMilliseconds);

        Stopwatch watch = Stopwatch.StartNew();
        cpu = Cpu();
        await using var first = new End();
        Print("first transport, milliseconds of processor time", (Cpu() - cpu).TotalMilliseconds);
        await using var second = new End();

        cpu = Cpu();
        await first.LinkAsync(second);
        Print("first link, milliseconds of processor time", (Cpu() - cpu).TotalMilliseconds);

        // The first few pay for the compiler.
        for (int i = 0; i < 50; i++)
        {
            await first.LinkAsync(second);
        }

        long memory = ResidentBytes();
        cpu = Cpu();
        watch.Restart();
        for (int i = 0; i < IdleLinks; i++)
        {
            await first.LinkAsync(second);
        }

        Print("link, milliseconds", watch.Elapsed.TotalMilliseconds / IdleLinks);
        Print("link, milliseconds of processor time", (Cpu() - cpu).TotalMilliseconds / IdleLinks);
        GC.Collect();
        Print("idle link, KiB resident", (ResidentBytes() - memory) / 1024.0 / IdleLinks);

        // The compiler works on for a moment.
        await Task.Delay(IdleTime / 3);
        cpu = Cpu();
        await Task.Delay(IdleTime);
        Print($"{first.Links} idle links, percent of a core", 100 * (Cpu() - cpu) / IdleTime);
        await StreamAsync(first, second);
        Print("process, MiB resident", ResidentBytes() / 1048576.0);
        return 0;
    }

    private static async Task StreamAsync(End from, End to)
    {
        var store = new MemoryStore(16 * 1024 * 1024);
        from.Transport.Serve(store);
        (LinkId link, _) = await from.LinkAsync(to);
        long expected = StreamBytes / MerkleTree.BlockSize;
        long before = to.Frames;
        TimeSpan cpu = Cpu();
        Stopwatch watch = Stopwatch.StartNew();
        from.KeepSending(link, store, StreamBytes);
        while (to.Frames - before < expected)
        {
            await Task.Delay(5);
        }

        Print("blocks from memory over one link, MiB/s", StreamBytes / 1048576.0 / watch.Elapsed.TotalSeconds);
        Print("the same, seconds of processor time a GiB", (Cpu() - cpu).TotalSeconds / (StreamBytes / 1073741824.0));
    }

    private static TimeSpan Cpu()
    {
        using Process self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    private static long ResidentBytes()
    {
        using Process self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    private static void Print(string what, double value) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{value,10:0.00}  {what}"));

    /// <summary>A transport whose inputs are counted, and kept sending.</summary>
    private sealed class End : IAsyncDisposable
    {
        private static readonly byte[] Handshake = new Handshake(0, default, default).Encode();
        private readonly SemaphoreSlim _opened = new(0);
        private readonly SemaphoreSlim _greeted = new(0);
        private LinkId _lastOpened;
        private long _frames;
        private Action<LinkId>? _sendMore;

        public End()
        {
            var options = new LinkTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), MaxLinks = 10_000 };
            Transport = TlsLinkTransport.TryStart(options, Post, out TlsLinkTransport? transport, out Problem? problem)
                ? transport
                : throw new InvalidOperationException(problem.ToString());
        }

        public TlsLinkTransport Transport { get; }

        public int Links => Transport.LinkCount;

        public long Frames => Interlocked.Read(ref _frames);

        public async Task<(LinkId Mine, LinkId Theirs)> LinkAsync(End other)
        {
            Transport.Connect(PeerAddress.From(IPAddress.Loopback, other.Transport.ListenEndPoint.Port));
            await _opened.WaitAsync();
            await other._opened.WaitAsync();
            Transport.Send(_lastOpened, Handshake);
            other.Transport.Send(other._lastOpened, Handshake);
            await _greeted.WaitAsync();
            await other._greeted.WaitAsync();
            return (_lastOpened, other._lastOpened);
        }

        /// <summary>Queues a few megabytes of blocks now and whenever the queue has become short.</summary>
        public void KeepSending(LinkId link, MemoryStore store, long bytes)
        {
            long left = bytes / MerkleTree.BlockSize;
            _sendMore = wanted =>
            {
                for (int i = 0; i < 256 && left > 0; i++, left--)
                {
                    Transport.SendBlock(wanted, 0, store.Result, (int)(left % store.Blocks) * MerkleTree.BlockSize, MerkleTree.BlockSize);
                }
            };
            _sendMore(link);
        }

        public ValueTask DisposeAsync() => Transport.DisposeAsync();

        private void Post(NodeInput input)
        {
            switch (input)
            {
                case NodeInput.LinkOpened opened:
                    _lastOpened = opened.Link;
                    _opened.Release();
                    break;
                case NodeInput.FrameReceived { Frame.Length: Starling.Core.Wire.Handshake.Size }:
                    _greeted.Release();
                    break;
                case NodeInput.FrameReceived:
                    Interlocked.Increment(ref _frames);
                    break;
                case NodeInput.LinkDrained drained:
                    _sendMore?.Invoke(drained.Link);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>One result in memory.</summary>
    private sealed class MemoryStore(int length) : IPieceStore
    {
        private readonly byte[] _content = new byte[length];

        public ResultId Result { get; } = new(length, Hash256.Zero);

        public int Blocks => Result.BlockCount;

        public RestoredState Restored => RestoredState.None;

        public bool TryRead(int piece, ResultId result, int begin, Span<byte> destination)
        {
            _content.AsSpan(begin, destination.Length).CopyTo(destination);
            return true;
        }

        public IOutputSink OpenOutput(JobId job) => throw new NotSupportedException();

        public void KeepOutputs(IReadOnlyList<KeptOutput> outputs, ReadOnlyMemory<byte> batch) => throw new NotSupportedException();

        public void DiscardOutput(JobId job) => throw new NotSupportedException();

        public void CopyOutput(JobId job, string path) => throw new NotSupportedException();

        public void WriteBlock(int piece, ResultId result, int block, ReadOnlyMemory<byte> data, Hash256 leaf) => throw new NotSupportedException();

        public void CommitDownload(int piece, ResultId result) => throw new NotSupportedException();

        public void AbandonDownload(int piece, ResultId result) => throw new NotSupportedException();

        public void DropResult(int piece, ResultId result) => throw new NotSupportedException();

        public void ReleaseResult(int piece, ResultId result) => throw new NotSupportedException();

        public void SaveBatch(ReadOnlyMemory<byte> batch) => throw new NotSupportedException();

        public void SaveAccepted(int piece, ResultId result, bool accepted) => throw new NotSupportedException();

        public void LoadLeaves(int piece, ResultId result) => throw new NotSupportedException();

        public void LoadContent(int piece, ResultId result) => throw new NotSupportedException();

        public (string Folder, IReadOnlyList<string> Names) Materialise(int file, IReadOnlyList<(int Piece, ResultId Result)> parts) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
