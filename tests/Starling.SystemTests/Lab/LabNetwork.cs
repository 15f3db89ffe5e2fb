using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Lab;

/// <summary>
/// Network namespaces of one test, under names that no other test has: machines, wires between them, programs on them. Nothing reaches the
/// real network; everything ends with the test.
/// </summary>
internal sealed partial class LabNetwork : IDisposable
{
    private const int NewNet = 0x40000000;

    private readonly string _prefix = $"st{Guid.NewGuid().ToString("N")[..8]}";
    private readonly List<string> _machines = [];
    private readonly List<Process> _programs = [];

    /// <summary>Lets programs that give up their rights read a folder.</summary>
    public static void OpenToAll(ScratchFolder folder) => Run("chmod", "755", folder.Path);

    /// <summary>A machine with nothing but its loopback.</summary>
    public void Machine(string name)
    {
        Run("ip", "netns", "add", Full(name));
        _machines.Add(name);
        Ip(name, "link set lo up");
    }

    /// <summary>A cable.</summary>
    public void Wire(string a, string interfaceA, string b, string interfaceB)
    {
        Ip(a, $"link add {interfaceA} type veth peer name {interfaceB} netns {Full(b)}");
        Ip(a, $"link set {interfaceA} up");
        Ip(b, $"link set {interfaceB} up");
    }

    /// <summary><c>ip</c> in a machine.</summary>
    public void Ip(string machine, string arguments) => Run("ip", ["-n", Full(machine), .. arguments.Split(' ')]);

    /// <summary>An address that may be used at once: no search for duplicates.</summary>
    public void Address(string machine, string device, string address) =>
        Ip(machine, $"addr add {address} dev {device}{(address.Contains(':') ? " nodad" : "")}");

    /// <summary>Makes it pass on packets.</summary>
    public void Forward(string machine)
    {
        Exec(machine, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
    }

    /// <summary>Runs a program to its end; its output.</summary>
    public string Exec(string machine, string program, params string[] arguments) => Run("ip", ["netns", "exec", Full(machine), program, .. arguments]);

    /// <summary>Starts a program that runs until the end of the test.</summary>
    public Process Spawn(string machine, string program, params string[] arguments)
    {
        Process process = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", Full(machine), program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _programs.Add(process);
        return process;
    }

    /// <summary>Starts the built program.</summary>
    public StarlingRun Starling(string machine, string home, params string[] arguments) =>
        StarlingRun.StartUnder(["ip", "netns", "exec", Full(machine)], home, arguments);

    /// <summary>Runs test code in a machine: sockets that it opens stay there.</summary>
    public T Inside<T>(string machine, Func<T> make)
    {
        T? made = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using SafeFileHandle space = File.OpenHandle($"/run/netns/{Full(machine)}");
                if (SetNamespace((int)space.DangerousGetHandle(), NewNet) != 0)
                {
                    throw new IOException($"setns failed: {Marshal.GetLastPInvokeErrorMessage()}");
                }

                made = make();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? made! : throw new InvalidOperationException($"In {machine}: {failure.Message}", failure);
    }

    /// <summary>Waits until something accepts TCP connections there, seen from the machine itself.</summary>
    public void WaitForListener(string machine, IPEndPoint at)
    {
        for (long start = Environment.TickCount64; ; Thread.Sleep(50))
        {
            bool listens = Inside(machine, () =>
            {
                using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Connect(at);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            });
            if (listens)
            {
                return;
            }

            Assert.True(Environment.TickCount64 - start < 60_000, $"Nothing listens at {at} of {machine}.");
        }
    }

    public void Dispose()
    {
        foreach (Process program in _programs)
        {
            if (!program.HasExited)
            {
                program.Kill(entireProcessTree: true);
                program.WaitForExit();
            }

            program.Dispose();
        }

        foreach (string machine in _machines)
        {
            Run("ip", "netns", "del", Full(machine));
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int space, int type);

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        System.Threading.Tasks.Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {error.Result}{output}");
    }

    private string Full(string machine) => $"{_prefix}-{machine}";
}
