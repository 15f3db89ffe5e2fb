using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Threading;

namespace Starling.SystemTests.Walls;

/// <summary>What a run must not reach: a file, a process of the same user, and sockets of each kind that answer whoever comes. It notices who came.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostCanary : IDisposable
{
    private const string Secret = "a-secret-of-the-host";

    private readonly Socket[] _listening;
    private readonly Socket _datagrams;
    private readonly string _file;
    private readonly Process _process;
    private int _visitors;

    /// <param name="folder">Where its files lie; every user can read them.</param>
    /// <param name="who">Whose the process is.</param>
    public HostCanary(string folder, WhoRuns who)
    {
        _file = Path.Combine(folder, "secret");
        File.WriteAllText(_file, Secret);
        string path = Path.Combine(folder, "socket");
        string name = $"starling-escape-{Guid.NewGuid():N}";
        Seconds = $"10{Random.Shared.NextInt64(100_000_000, 999_999_999)}";
        _listening =
        [
            Listen(new IPEndPoint(IPAddress.Any, 0)),
            Listen(new UnixDomainSocketEndPoint(path)),
            Listen(new UnixDomainSocketEndPoint("\0" + name)),
        ];
        File.SetUnixFileMode(path, (UnixFileMode)0x1FF);
        _datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Serve(() =>
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            _datagrams.ReceiveFrom(new byte[100], ref from);
            _datagrams.SendTo("ESCAPED"u8, from);
        });
        string[] command = [.. SharedProgram.As(who), "sleep", "100000"];
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true })!;
        Description = string.Create(CultureInfo.InvariantCulture, $"""
            file={_file}
            secret={Secret}
            process={_process.Id}
            port={((IPEndPoint)_listening[0].LocalEndPoint!).Port}
            udp={((IPEndPoint)_datagrams.LocalEndPoint!).Port}
            path={path}
            abstract={name}
            address={AddressOfThisMachine()}
            seconds={Seconds}

            """);
    }

    /// <summary>An argument of <c>sleep</c> by which what a run leaves behind is known.</summary>
    public string Seconds { get; }

    /// <summary>Where everything is, for the run.</summary>
    public string Description { get; }

    /// <summary>Throws when something of the host was reached.</summary>
    public void AssertUntouched()
    {
        Assert.Equal(0, Volatile.Read(ref _visitors));
        Assert.Equal(Secret, File.ReadAllText(_file));
        Assert.False(_process.HasExited, "a process of the host was ended");
        string stat = File.ReadAllText($"/proc/{_process.Id}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        Assert.Equal(("S", "0"), (fields[0], fields[16]));
    }

    public void Dispose()
    {
        foreach (Socket socket in _listening)
        {
            socket.Dispose();
        }

        _datagrams.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string AddressOfThisMachine()
    {
        foreach (IPAddress address in Dns.GetHostAddresses(Dns.GetHostName(), AddressFamily.InterNetwork))
        {
            return address.ToString();
        }

        return "127.0.0.1";
    }

    private Socket Listen(EndPoint where)
    {
        var socket = new Socket(where.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(where);
        socket.Listen(50);
        Serve(() =>
        {
            using Socket visitor = socket.Accept();
            visitor.Send(Encoding.ASCII.GetBytes("ESCAPED"));
        });
        return socket;
    }

    private void Serve(Action once)
    {
        new Thread(() =>
        {
            try
            {
                while (true)
                {
                    once();
                    Interlocked.Increment(ref _visitors);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        })
        { IsBackground = true }.Start();
    }
}
