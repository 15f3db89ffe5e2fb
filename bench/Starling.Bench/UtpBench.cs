using System;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Network;

namespace Starling.Bench;

/// <summary>One uTP connection over loopback, both ends in this process; RC4 of message stream encryption.</summary>
internal static class UtpBench
{
    private const long StreamBytes = 512L * 1024 * 1024;
    private const int ChunkBytes = 64 * 1024;

    public static int Run() => RunAsync().GetAwaiter().GetResult();

    private static async Task<int> RunAsync()
    {
        Rc4Speed();
        if (!UdpPort.TryOpen(new IPEndPoint(IPAddress.Loopback, 0), out UdpPort? portA, out Problem? problem)
            || !UdpPort.TryOpen(new IPEndPoint(IPAddress.Loopback, 0), out UdpPort? portB, out problem))
        {
            await Console.Error.WriteLineAsync(problem.ToString());
            return 1;
        }

        await using UdpPort ownedA = portA;
        await using UdpPort ownedB = portB;
        await using UtpEndpoint a = UtpEndpoint.Start(portA);
        await using UtpEndpoint b = UtpEndpoint.Start(portB);
        var accepted = new TaskCompletionSource<UtpStream>();
        b.Listen(stream => accepted.TrySetResult(stream));
        await using UtpStream sender = await a.ConnectAsync(PeerAddress.From(IPAddress.Loopback, portB.EndPoint.Port), default);
        await using UtpStream receiver = await accepted.Task;

        // The first part pays for the compiler and the congestion window.
        await MoveAsync(sender, receiver, StreamBytes / 8);
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        long before = GC.GetTotalAllocatedBytes();
        Stopwatch watch = Stopwatch.StartNew();
        await MoveAsync(sender, receiver, StreamBytes);
        TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        Print("uTP over loopback, MB a second", StreamBytes / 1e6 / watch.Elapsed.TotalSeconds);
        Print("both ends together, cores", used / watch.Elapsed);
        Print("both ends together, seconds of processor time a GB", used.TotalSeconds / (StreamBytes / 1e9));
        Print("packets sent again, per cent", 100.0 * sender.Resent / (StreamBytes / 1380.0));
        Print("allocated, bytes a KB moved", (GC.GetTotalAllocatedBytes() - before) / (StreamBytes / 1000.0));
        return 0;
    }

    private static async Task MoveAsync(UtpStream sender, UtpStream receiver, long bytes)
    {
        async Task SendAsync()
        {
            var chunk = new byte[ChunkBytes];
            for (long sent = 0; sent < bytes; sent += chunk.Length)
            {
                await sender.WriteAsync(chunk);
            }
        }

        Task sending = Task.Run(SendAsync);
        var buffer = new byte[ChunkBytes];
        for (long got = 0; got < bytes;)
        {
            got += await receiver.ReadAsync(buffer);
        }

        await sending;
    }

    private static void Rc4Speed()
    {
        var cipher = new Rc4([1, 2, 3]);
        var buffer = new byte[ChunkBytes];
        for (int i = 0; i < 2000; i++)
        {
            cipher.Process(buffer);
        }

        const int Rounds = 4000;
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < Rounds; i++)
        {
            cipher.Process(buffer);
        }

        Print("RC4 on one core, MB a second", (double)Rounds * ChunkBytes / 1e6 / watch.Elapsed.TotalSeconds);
    }

    private static void Print(string what, double value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {value:0.0}"));
}
