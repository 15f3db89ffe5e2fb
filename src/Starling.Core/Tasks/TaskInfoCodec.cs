using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Images;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>
/// The <c>info</c> dictionary of a task file (docs/task-file.md). Values equal to their defaults are not written; they may stand in what
/// is read. Keys that are not known are skipped, except in <c>verify</c>, where skipping one would believe more than the author wants.
/// </summary>
internal static class TaskInfoCodec
{
    public static byte[] Encode(TaskInfo info)
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary();
        if (info.Author is { } author)
        {
            writer.Bytes("author"u8, author.ToArray());
        }

        WriteChunk(writer, info.Chunks);
        bool isPlain = info.Files.Count == 1 && info.Files[0].Path == info.Name;
        if (info.Chunks is { Size: 0 } each)
        {
            writer.Text("each"u8, each.Input);
        }

        WriteFiles(writer, isPlain ? [] : info.Files);
        WriteInputs(writer, info.Inputs);
        WriteLimits(writer, info.Limits);
        WriteMembers(writer, info.Members);
        if (info.Merge is not null)
        {
            writer.Text("merge"u8, info.Merge);
        }

        writer.Text("name"u8, info.Name);
        WriteNeeds(writer, info.Needs);
        WriteUnless(writer, "piece length"u8, info.PieceLength, TaskLimitsOfFormat.DefaultPieceLength);
        if (isPlain)
        {
            writer.Integer("pieces"u8, info.Files[0].Pieces);
        }

        writer.Key("run"u8);
        WriteRun(writer, info.Run);
        if (info.Until == Until.First)
        {
            writer.Text("until"u8, "first");
        }

        writer.Key("verify"u8);
        VerifySpecCodec.Write(writer, info.Verify);
        writer.End();
        return writer.ToArray();
    }

    /// <summary>Reads and validates.</summary>
    public static bool TryDecode(BDictionary dictionary, [NotNullWhen(true)] out TaskInfo? info, [NotNullWhen(false)] out Problem? problem)
    {
        var fields = new TaskFields(dictionary);
        string name = fields.RequiredText("name", "Every task has a name.");
        TaskInfo read = new()
        {
            Name = name,
            Run = ReadRun(fields) ?? new RunSpec.Shell(""),
            Files = ReadFiles(fields, name),
            Members = ReadMembers(fields),
            Merge = fields.Text("merge"),
            PieceLength = fields.WholeInt32("piece length") ?? TaskLimitsOfFormat.DefaultPieceLength,
            Inputs = ReadInputs(fields),
            Chunks = ReadChunk(fields),
            Needs = fields.Dictionary("needs") is { } needs ? ReadNeeds(needs) : new NeedsSpec(),
            Limits = fields.Dictionary("limits") is { } limits ? ReadLimits(limits) : new RunLimits(),
            Verify = VerifySpecCodec.Read(fields) ?? new VerifySpec.Own(),
            Until = ReadUntil(fields),
            Author = fields.Bytes("author", PublicKey.Size) is { } author ? new PublicKey(author.Span) : null,
        };
        problem = fields.Problem ?? TaskInfoValidator.Check(read);
        info = problem is null ? read : null;
        return problem is null;
    }

    private static void WriteChunk(BencodeWriter writer, ChunkSpec? chunk)
    {
        if (chunk is not { Size: > 0 })
        {
            return;
        }

        writer.Key("chunk"u8);
        writer.BeginDictionary();
        writer.Text("input"u8, chunk.Input);
        writer.Integer("size"u8, chunk.Size);
        writer.End();
    }

    private static ChunkSpec? ReadChunk(TaskFields fields)
    {
        string? each = fields.Text("each");
        if (fields.Dictionary("chunk") is not { } chunk)
        {
            return each is null ? null : new ChunkSpec(each, 0);
        }

        if (each is not null)
        {
            fields.Refuse("chunk", "stands beside each", "Keep one of them.");
        }

        return new ChunkSpec(chunk.RequiredText("input", "Name the input."), chunk.Whole("size", 1, TaskLimitsOfFormat.MaxBytes) ?? Missing(chunk, "size"));
    }

    private static void WriteFiles(BencodeWriter writer, IReadOnlyList<OutputFile> files)
    {
        if (files.Count == 0)
        {
            return;
        }

        writer.Key("files"u8);
        writer.BeginList();
        foreach (OutputFile file in files)
        {
            writer.BeginDictionary();
            writer.Text("path"u8, file.Path);
            writer.Integer("pieces"u8, file.Pieces);
            writer.End();
        }

        writer.End();
    }

    private static List<OutputFile> ReadFiles(TaskFields fields, string name)
    {
        var files = new List<OutputFile>();
        int? pieces = fields.WholeInt32("pieces");
        IReadOnlyList<BValue>? items = fields.List("files", TaskLimitsOfFormat.MaxFiles);
        if (items is not null == pieces is not null)
        {
            fields.Refuse("pieces", items is null ? "is missing" : "stands beside files", "Give either pieces or files.");
            return files;
        }

        if (items is null)
        {
            files.Add(new OutputFile(name, pieces ?? 0));
            return files;
        }

        for (int i = 0; i < items.Count && fields.Problem is null; i++)
        {
            if (fields.DictionaryOf(items[i], $"files[{i}]") is { } file)
            {
                files.Add(new OutputFile(file.RequiredText("path", "Every file has a path."), file.WholeInt32("pieces") ?? (int)Missing(file, "pieces")));
            }
        }

        return files;
    }

    private static void WriteInputs(BencodeWriter writer, IReadOnlyList<InputSpec> inputs)
    {
        if (inputs.Count == 0)
        {
            return;
        }

        writer.Key("inputs"u8);
        writer.BeginList();
        foreach (InputSpec input in inputs)
        {
            writer.BeginDictionary();
            writer.Bytes("info hash"u8, input.Torrent.ToArray());
            writer.Integer("length"u8, input.Length);
            writer.Text("name"u8, input.Name);
            writer.End();
        }

        writer.End();
    }

    private static List<InputSpec> ReadInputs(TaskFields fields)
    {
        var inputs = new List<InputSpec>();
        IReadOnlyList<BValue> items = fields.List("inputs", TaskLimitsOfFormat.MaxInputs) ?? [];
        for (int i = 0; i < items.Count && fields.Problem is null; i++)
        {
            if (fields.DictionaryOf(items[i], $"inputs[{i}]") is { } input)
            {
                if (input["info hash"] is not BString { Bytes: var hash } || !TorrentId.TryRead(hash.Span, out TorrentId torrent))
                {
                    string reason = input["info hash"] is { } wrong ? $"{(wrong is BString { Bytes: var other } ? $"{other.Length} bytes" : wrong.Kind)} where 32 or 20 bytes are due" : "is missing";
                    input.Refuse("info hash", reason, "It holds the v2 info-hash of the input, 32 bytes, or the v1 one where there is no other, 20 bytes.");
                    break;
                }

                long length = input.Whole("length") ?? Missing(input, "length");
                inputs.Add(new InputSpec(input.RequiredText("name", "Every input has a name."), torrent, length));
            }
        }

        return inputs;
    }

    private static void WriteLimits(BencodeWriter writer, RunLimits limits)
    {
        var defaults = new RunLimits();
        if (limits == defaults)
        {
            return;
        }

        writer.Key("limits"u8);
        writer.BeginDictionary();
        WriteUnless(writer, "cpu"u8, (long?)limits.Cpu?.TotalSeconds, null);
        WriteUnless(writer, "disk"u8, limits.DiskBytes, null);
        WriteUnless(writer, "fuel"u8, limits.Fuel, null);
        WriteUnless(writer, "memory"u8, limits.MemoryBytes, null);
        if (limits.Network != defaults.Network)
        {
            writer.Text("network"u8, limits.Network);
        }

        WriteUnless(writer, "processes"u8, limits.Processes, null);
        WriteUnless(writer, "wall"u8, (long)limits.Wall.TotalSeconds, (long)defaults.Wall.TotalSeconds);
        writer.End();
    }

    private static RunLimits ReadLimits(TaskFields limits)
    {
        var defaults = new RunLimits();
        return new RunLimits
        {
            Wall = Seconds(limits, "wall") ?? defaults.Wall,
            Cpu = Seconds(limits, "cpu"),
            Fuel = limits.Whole("fuel"),
            MemoryBytes = limits.Whole("memory"),
            DiskBytes = limits.Whole("disk"),
            Processes = limits.WholeInt32("processes"),
            Network = limits.Text("network") ?? defaults.Network,
        };
    }

    private static void WriteMembers(BencodeWriter writer, IReadOnlyList<PublicKey> members)
    {
        if (members.Count == 0)
        {
            return;
        }

        writer.Key("members"u8);
        writer.BeginList();
        foreach (PublicKey member in members)
        {
            writer.Bytes(member.ToArray());
        }

        writer.End();
    }

    private static List<PublicKey> ReadMembers(TaskFields fields)
    {
        var members = new List<PublicKey>();
        IReadOnlyList<BValue>? items = fields.List("members", TaskLimitsOfFormat.MaxMembers);
        if (items is { Count: 0 })
        {
            // What an empty list would mean, nobody or anybody, is left to no reader.
            fields.Refuse("members", "is empty", "Name the members, or leave it out.");
        }

        foreach (BValue item in items ?? [])
        {
            if (item is not BString { Bytes: { Length: PublicKey.Size } key })
            {
                fields.Refuse("members", $"holds something that is not a key of {PublicKey.Size} bytes");
                break;
            }

            members.Add(new PublicKey(key.Span));
        }

        return members;
    }

    private static void WriteNeeds(BencodeWriter writer, NeedsSpec needs)
    {
        if (needs is { Programs.Count: 0, Cores: 1, MemoryBytes: null, DiskBytes: null, Os: null, Arch: null })
        {
            return;
        }

        writer.Key("needs"u8);
        writer.BeginDictionary();
        WriteText(writer, "arch"u8, needs.Arch);
        WriteUnless(writer, "cores"u8, needs.Cores, 1);
        WriteUnless(writer, "disk"u8, needs.DiskBytes, null);
        WriteUnless(writer, "memory"u8, needs.MemoryBytes, null);
        WriteText(writer, "os"u8, needs.Os);
        WriteTexts(writer, "programs"u8, needs.Programs);
        writer.End();
    }

    private static NeedsSpec ReadNeeds(TaskFields needs) => new()
    {
        Programs = needs.Texts("programs", TaskLimitsOfFormat.MaxPrograms),
        Cores = needs.WholeInt32("cores") ?? 1,
        MemoryBytes = needs.Whole("memory"),
        DiskBytes = needs.Whole("disk"),
        Os = needs.Text("os"),
        Arch = needs.Text("arch"),
    };

    private static void WriteRun(BencodeWriter writer, RunSpec run)
    {
        if (run is RunSpec.Shell shell)
        {
            writer.Text(shell.Command);
            return;
        }

        writer.BeginDictionary();
        switch (run)
        {
            case RunSpec.Wasm wasm:
                WriteTexts(writer, "args"u8, wasm.Arguments);
                writer.Text("wasm"u8, wasm.Module);
                break;
            case RunSpec.Container container:
                writer.Text("command"u8, container.Command);
                writer.Text("container"u8, container.Input);
                WriteText(writer, "digest"u8, container.Digest?.ToString());
                break;
            case RunSpec.Kernel kernel:
                WriteKernel(writer, kernel);
                break;
        }

        writer.End();
    }

    /// <summary>The parameters are sorted already; the kernel's own name stands among them.</summary>
    private static void WriteKernel(BencodeWriter writer, RunSpec.Kernel kernel)
    {
        bool named = false;
        foreach (KernelParameter parameter in kernel.Parameters)
        {
            byte[] key = Encoding.UTF8.GetBytes(parameter.Name);
            if (!named && key.AsSpan().SequenceCompareTo("kernel"u8) > 0)
            {
                writer.Text("kernel"u8, kernel.Name);
                named = true;
            }

            writer.Key(key);
            if (IsWhole(parameter.Value, out long number))
            {
                writer.Integer(number);
            }
            else
            {
                writer.Text(parameter.Value);
            }
        }

        if (!named)
        {
            writer.Text("kernel"u8, kernel.Name);
        }
    }

    /// <summary>Whether the text is exactly how the number is written, so that it comes back unchanged.</summary>
    private static bool IsWhole(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
        && number.ToString(CultureInfo.InvariantCulture) == text;

    private static RunSpec? ReadRun(TaskFields fields)
    {
        if (fields["run"] is null)
        {
            fields.Refuse("run", "is missing", "It says how a piece is computed.");
            return null;
        }

        if (fields["run"] is BString)
        {
            return fields.Text("run") is { } command ? new RunSpec.Shell(command) : null;
        }

        if (fields.Dictionary("run") is not { } run)
        {
            return null;
        }

        string? form = null;
        foreach (string known in TaskInfoValidator.RunForms)
        {
            if (run[known] is not null)
            {
                if (form is not null)
                {
                    run.Refuse(known, $"stands beside {form}", "Keep one of them.");
                }

                form = known;
            }
        }

        switch (form)
        {
            case "shell":
                return new RunSpec.Shell(run.Text("shell") ?? "");
            case "wasm":
                return new RunSpec.Wasm(run.Text("wasm") ?? "", run.Texts("args", TaskLimitsOfFormat.MaxArguments));
            case "container":
                return new RunSpec.Container(run.Text("container") ?? "", run.RequiredText("command", "It says what to run in the image."), ReadDigest(run));
            case "kernel":
                return new RunSpec.Kernel(run.Text("kernel") ?? "", ReadParameters((BDictionary)fields["run"]!, run));
            default:
                fields.Refuse("run", "says none of shell, kernel, wasm, container", "Give one of them.");
                return null;
        }
    }

    private static ImageDigest? ReadDigest(TaskFields run)
    {
        string text = run.RequiredText("digest", "It names the image: sha256: and 64 hexadecimal digits.");
        if (ImageDigest.TryParse(text, out ImageDigest digest))
        {
            return digest;
        }

        run.Refuse("digest", "is not sha256: and 64 lower-case hexadecimal digits", "It names the image.");
        return null;
    }

    private static List<KernelParameter> ReadParameters(BDictionary dictionary, TaskFields run)
    {
        var parameters = new List<KernelParameter>();
        if (dictionary.Entries.Count > TaskLimitsOfFormat.MaxKernelParameters + 1)
        {
            run.Refuse("kernel", $"has more than {TaskLimitsOfFormat.MaxKernelParameters} parameters");
            return parameters;
        }

        foreach (BEntry entry in dictionary.Entries)
        {
            if (!BString.TryGetText(entry.Key.Span, out string? name))
            {
                run.Refuse("kernel", "has a parameter whose name is not UTF-8");
                break;
            }

            if (name == "kernel")
            {
                continue;
            }

            string? value = entry.Value is BInteger integer
                ? integer.Value.ToString(CultureInfo.InvariantCulture)
                : run.TextOf(entry.Value, SafePath.Quoted(name));
            parameters.Add(new KernelParameter(name, value ?? ""));
        }

        return parameters;
    }

    private static Until ReadUntil(TaskFields fields)
    {
        string until = fields.Text("until") ?? "all";
        if (until is not ("all" or "first"))
        {
            fields.Refuse("until", $"'{SafePath.Quoted(until)}' is not known", "Use all or first.");
        }

        return until == "first" ? Until.First : Until.All;
    }

    private static TimeSpan? Seconds(TaskFields fields, string key) =>
        fields.Whole(key, 1, (long)TaskLimitsOfFormat.MaxTimeLimit.TotalSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static long Missing(TaskFields fields, string key)
    {
        fields.Refuse(key, "is missing");
        return 0;
    }

    private static void WriteUnless(BencodeWriter writer, ReadOnlySpan<byte> key, long? value, long? skipped)
    {
        if (value is { } number && number != skipped)
        {
            writer.Integer(key, number);
        }
    }

    private static void WriteText(BencodeWriter writer, ReadOnlySpan<byte> key, string? text)
    {
        if (text is not null)
        {
            writer.Text(key, text);
        }
    }

    private static void WriteTexts(BencodeWriter writer, ReadOnlySpan<byte> key, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }

        writer.Key(key);
        writer.BeginList();
        foreach (string text in texts)
        {
            writer.Text(text);
        }

        writer.End();
    }
}
