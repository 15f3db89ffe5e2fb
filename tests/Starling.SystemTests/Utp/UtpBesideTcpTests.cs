using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Network;
using Starling.SystemTests.Lab;
using Xunit.Abstractions;

namespace Starling.SystemTests.Utp;

/// <summary>This program's uTP and the system's TCP through one line of 20 Mbit/s, 50 ms there and back, 300 ms of queue.</summary>
public sealed class UtpBesideTcpTests(ITestOutputHelper output)
{
    private const double Rate = 20_000_000;
    private const int Port = 7000;
    private const string AddressA = "10.9.1.1";
    private const string AddressB = "10.9.2.1";

    [LabFact("python3")]
    public async Task Tcp_keeps_four_fifths_of_what_both_get()
    {
        using var lab = new LabNetwork();
        Build(lab);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));

        UdpPort portA = lab.Inside("a", () => Open(AddressA));
        UdpPort portB = lab.Inside("b", () => Open(AddressB));
        await using UdpPort ownedA = portA;
        await using UdpPort ownedB = portB;
        await using UtpEndpoint a = UtpEndpoint.Start(portA);
        await using UtpEndpoint b = UtpEndpoint.Start(portB);
        var accepted = new TaskCompletionSource<UtpStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        b.Listen(stream => accepted.TrySetResult(stream));
        await using UtpStream utpOut = await ConnectAsync(a, patience.Token);
        _ = SendForEverAsync(utpOut, patience.Token);
        var utp = new Meter();
        _ = utp.ReadAsync(await accepted.Task.WaitAsync(patience.Token), patience.Token);

        await Task.Delay(TimeSpan.FromSeconds(10), patience.Token);
        double alone = await utp.RateAsync(10);

        using Socket listener = lab.Inside("b", () => Listen());
        using Socket client = lab.Inside("a", () => Connect());
        using Socket server = await listener.AcceptAsync(patience.Token);
        await using var tcpOut = new NetworkStream(client);
        await using var tcpIn = new NetworkStream(server);
        _ = SendForEverAsync(tcpOut, patience.Token);
        var tcp = new Meter();
        _ = tcp.ReadAsync(tcpIn, patience.Token);
        await Task.Delay(TimeSpan.FromSeconds(10), patience.Token);
        Task<double> tcpRate = tcp.RateAsync(30);
        double utpBeside = await utp.RateAsync(30);
        double tcpBeside = await tcpRate;
        output.WriteLine($"uTP alone {alone / Rate:P0} of the line; together TCP {tcpBeside / Rate:P0}, uTP {utpBeside / Rate:P0}");
        Assert.InRange(tcpBeside / (tcpBeside + utpBeside), 0.8, 1);
        await patience.CancelAsync();
    }

    private static void Build(LabNetwork lab)
    {
        foreach (string machine in new[] { "a", "r", "b" })
        {
            lab.Machine(machine);
        }

        lab.Wire("a", "eth0", "r", "toa");
        lab.Wire("b", "eth0", "r", "tob");
        lab.Address("a", "eth0", AddressA + "/24");
        lab.Address("r", "toa", "10.9.1.254/24");
        lab.Address("b", "eth0", AddressB + "/24");
        lab.Address("r", "tob", "10.9.2.254/24");
        lab.Ip("a", "route add default via 10.9.1.254");
        lab.Ip("b", "route add default via 10.9.2.254");
        lab.Forward("r");
        lab.Spawn("r", "python3", Path.Combine(AppContext.BaseDirectory, "line.py"), "toa", "tob", AddressA, "20000000", "25", "750000");
        for (var waited = Stopwatch.StartNew(); !lab.Exec("r", "ip", "rule").Contains("tob", StringComparison.Ordinal); Thread.Sleep(50))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "The line is not there.");
        }
    }

    private static UdpPort Open(string address) => UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse(address), Port), out UdpPort? port, out Problem? problem)
        ? port : throw new InvalidOperationException(problem.ToString());

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(AddressB), Port));
        socket.Listen(1);
        return socket;
    }

    private static Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Parse(AddressB), Port);
        return socket;
    }

    private static Task<UtpStream> ConnectAsync(UtpEndpoint a, CancellationToken patience) =>
        a.ConnectAsync(PeerAddress.From(IPAddress.Parse(AddressB), Port), patience);

    private static async Task SendForEverAsync(Stream to, CancellationToken patience)
    {
        var content = new byte[64 * 1024];
        try
        {
            while (true)
            {
                await to.WriteAsync(content, patience);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private sealed class Meter
    {
        private long _bytes;

        public async Task ReadAsync(Stream from, CancellationToken patience)
        {
            var buffer = new byte[64 * 1024];
            try
            {
                int count;
                while ((count = await from.ReadAsync(buffer, patience)) > 0)
                {
                    Interlocked.Add(ref _bytes, count);
                }
            }
            catch (Exception end) when (end is OperationCanceledException or IOException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        /// <summary>Bits a second over this many seconds.</summary>
        public async Task<double> RateAsync(int seconds)
        {
            long before = Interlocked.Read(ref _bytes);
            Stopwatch watch = Stopwatch.StartNew();
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            return (Interlocked.Read(ref _bytes) - before) * 8 / watch.Elapsed.TotalSeconds;
        }
    }
}
