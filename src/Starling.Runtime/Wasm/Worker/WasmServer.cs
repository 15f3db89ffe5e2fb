using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;
using Starling.Runtime.Wasm.Wasi;

namespace Starling.Runtime.Wasm.Worker;

/// <summary>
/// The worker's side: a process of its own, within the walls of the task's runs, that runs modules one after the other. It reads requests from standard
/// input (a length of 4 bytes, then <see cref="WasmRequest"/>), answers on standard output (<see cref="WasmReplyReader"/>), opens what requests name, and nothing else. A module is
/// compiled once.
/// </summary>
public static class WasmServer
{
    /// <summary>The argument that makes the program a worker.</summary>
    public const string Argument = "wasm-worker";

    /// <summary>Modules that a worker keeps.</summary>
    internal const int MaxPrograms = 4;

    /// <summary>Serves until the input ends; the program's exit status.</summary>
    public static int Serve(Stream input, Stream output)
    {
        int status = 0;
        var thread = new Thread(() => status = new Session(input, output).Work(), StackBudget.ThreadStackSize) { Name = "wasm" };
        thread.Start();
        thread.Join();
        return status;
    }

    private sealed class Session(Stream input, Stream output)
    {
        private const int Broken = 70;

        private readonly WasmEngine _engine = new();
        private readonly Dictionary<string, (DateTime Written, long Length, WasmProgram? Program, Problem? Problem)> _programs = [];
        private readonly byte[] _frame = new byte[WasmReplyReader.HeaderSize + WasmReplyReader.MaxContent];
        private int _pending;

        public int Work()
        {
            try
            {
                while (ReadRequest(out WasmRequest? request))
                {
                    if (request is null)
                    {
                        return Broken;
                    }

                    WasmEnd end = Run(request);
                    FlushOutput();
                    Send(WasmReplyKind.End, end.Encode());
                    output.Flush();
                }

                return 0;
            }
            catch (IOException)
            {
                // Whoever asked is gone.
                return Broken;
            }
        }

        private bool ReadRequest(out WasmRequest? request)
        {
            request = null;
            Span<byte> header = stackalloc byte[4];
            int count = input.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            if (count < header.Length)
            {
                return false;
            }

            uint length = BinaryPrimitives.ReadUInt32LittleEndian(header);
            if (length > WasmRequest.MaxSize)
            {
                return true;
            }

            var bytes = new byte[length];
            input.ReadExactly(bytes);
            _ = WasmRequest.TryDecode(bytes, out request);
            return true;
        }

        private WasmEnd Run(WasmRequest request)
        {
            try
            {
                if (!TryLoad(request.Module, out WasmProgram? program, out Problem? problem))
                {
                    return new WasmEnd(0, 0, problem);
                }

                var inputs = new Dictionary<string, WasiNode>(StringComparer.Ordinal);
                for (int i = 0; i < request.Inputs.Count; i += 2)
                {
                    inputs[request.Inputs[i]] = WasiNode.OfOwner(request.Inputs[i + 1]);
                }

                var root = new Dictionary<string, WasiNode>(StringComparer.Ordinal) { ["in"] = new WasiNode.Made(inputs) };
                if (request.Chunk is not null)
                {
                    root["chunk"] = WasiNode.OfOwner(request.Chunk);
                }

                var world = new WasiWorld
                {
                    Arguments = request.Arguments,
                    Variables = request.Variables,
                    Root = new WasiNode.Made(root),
                    Input = request.Chunk,
                    Seed = request.Seed,
                    Output = TakeOutput,
                    Errors = TakeErrors,
                };
                return program!.Run(world, new InstanceLimits(request.Fuel, request.Pages));
            }
            catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
            {
                return new WasmEnd(0, 0, new Problem("wasm:worker", $"the module or its input can't be read: {failure.Message}"));
            }
        }

        private bool TryLoad(string path, out WasmProgram? program, out Problem? problem)
        {
            var file = new FileInfo(path);
            if (_programs.TryGetValue(path, out var known) && known.Written == file.LastWriteTimeUtc && known.Length == file.Length)
            {
                (program, problem) = (known.Program, known.Problem);
                return program is not null;
            }

            if (file.Length > Core.Wasm.WasmLimits.MaxModuleSize)
            {
                program = null;
                problem = WasmProgram.TooLarge(file.Length);
                return false;
            }

            WasmProgram.TryLoad(_engine, File.ReadAllBytes(path), out program, out problem);
            if (_programs.Count >= MaxPrograms)
            {
                _programs.Clear();
            }

            _programs[path] = (file.LastWriteTimeUtc, file.Length, program, problem);
            return program is not null;
        }

        private bool TakeOutput(ReadOnlySpan<byte> bytes)
        {
            // Small writes are gathered.
            while (!bytes.IsEmpty)
            {
                int count = Math.Min(bytes.Length, WasmReplyReader.MaxContent - _pending);
                bytes[..count].CopyTo(_frame.AsSpan(WasmReplyReader.HeaderSize + _pending));
                _pending += count;
                bytes = bytes[count..];
                if (_pending == WasmReplyReader.MaxContent)
                {
                    FlushOutput();
                }
            }

            return true;
        }

        private void TakeErrors(ReadOnlySpan<byte> bytes)
        {
            for (; !bytes.IsEmpty; bytes = bytes[Math.Min(bytes.Length, WasmReplyReader.MaxContent)..])
            {
                Send(WasmReplyKind.Errors, bytes[..Math.Min(bytes.Length, WasmReplyReader.MaxContent)]);
            }
        }

        private void FlushOutput()
        {
            if (_pending > 0)
            {
                WriteHeader(_frame, WasmReplyKind.Output, _pending);
                output.Write(_frame.AsSpan(0, WasmReplyReader.HeaderSize + _pending));
                _pending = 0;
            }
        }

        private void Send(WasmReplyKind kind, ReadOnlySpan<byte> content)
        {
            var frame = new byte[WasmReplyReader.HeaderSize + content.Length];
            WriteHeader(frame, kind, content.Length);
            content.CopyTo(frame.AsSpan(WasmReplyReader.HeaderSize));
            output.Write(frame);
        }

        private static void WriteHeader(Span<byte> frame, WasmReplyKind kind, int length)
        {
            frame[0] = (byte)kind;
            BinaryPrimitives.WriteUInt32LittleEndian(frame[1..], (uint)length);
        }
    }
}
