using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Starling.Core.Images;
using Starling.Fuzz.Engine;
using Starling.Fuzz.Targets.Machines;
using Starling.Runtime.Containers;

namespace Starling.Fuzz.Targets;

/// <summary>What comes out of the archives of images: documents, tar entries, paths, programs, and layers that want out.</summary>
internal static class ImageTargets
{
    private const string Digest = "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

    private static readonly string[] Documents =
    [
        """{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"@","size":7,"platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]}""",
        """{"schemaVersion":2,"config":{"digest":"@","size":2},"layers":[{"mediaType":"x","digest":"@","size":3}]}""",
        """[{"Config":"c.json","RepoTags":["a:1"],"Layers":["a/layer.tar"]}]""",
        """{"os":"linux","architecture":"amd64","config":{"Env":["PATH=/bin","A="],"WorkingDir":"/opt","User":"0"},"rootfs":{"type":"layers","diff_ids":["@"]}}""",
    ];

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "image-json",
            Covers = [typeof(ImageJson), typeof(ImageDigest), typeof(ImageIndex), typeof(LayerPath)],
            Encodes = false,
            MaxSize = 1024,
            Words =
            [
                "\"manifests\":[", "\"layers\":[", "\"config\":{", "\"digest\":", "\"size\":", "\"platform\":{", "\"os\":\"linux\"", "\"architecture\":", "\"mediaType\":", "\"rootfs\":{", "\"diff_ids\":[",
                "\"Env\":[", "\"WorkingDir\":", "\"Config\":", "\"Layers\":[", "null", "\"\\ud800\"", "\"\\u0000\"", "1e999", "9223372036854775808", "{}", "[]", ",", "}", "]", Digest, "/..",
            ],
            Seeds = () => Documents.Select(document => Parts.Latin(document.Replace("@", Digest, StringComparison.Ordinal))),
            Start = () => ReadDocuments,

            // A document's own table of tokens, once for each of the four readers, and what exceptions of the reader of JSON take.
            FixedAllocation = 64 * 1024,
            AllocationPerByte = 512,
            QuickInputs = 2_000,
        },
        new()
        {
            Name = "image-tar",
            Covers = [typeof(TarHeader), typeof(PaxRecords), typeof(TarScanner), typeof(LayerPath), typeof(Whiteout)],
            Shape = InputShape.Script,
            Encodes = false,
            MaxSize = 4096,
            Words = ["ustar\0" + "00", "ustar  \0", "20 path=a/../b\n", "12 size=100\n", "17 mtime=1.5e9\n", "GNU.sparse.major=1", "././@LongLink", ".wh..wh..opq", ".wh.x", "77777777777", "../", "\u0080\0\0\0"],
            Seeds = TarSeeds,
            Start = () => ReadTar,

            // A bounded extended header, and buffers; two bytes of the script may become a block of the archive, which the target lays down in a stream that doubles.
            FixedAllocation = 512 * 1024,
            AllocationPerByte = 1024,
            QuickInputs = 5_000,
        },
        new()
        {
            Name = "image-program",
            Covers = [typeof(ElfProgram)],
            Encodes = false,
            MaxSize = 512,
            Words = ["\x7f" + "ELF", "#!/bin/sh\n", "#! \t", "/lib64/ld-linux-x86-64.so.2\0"],
            Seeds = () => [Parts.Latin("#!/usr/bin/env -S sh\n"), Program()],
            Start = () => static input =>
            {
                ElfProgram? told = ElfProgram.Read(input.Span);
                FuzzFailureException.Unless(told?.Interpreter is not { } path || path.Length <= input.Length, "an interpreter that is not in the program");
                return null;
            },
        },
        new()
        {
            Name = "image-layer",
            Covers = [typeof(RootTree), typeof(FolderCalls)],
            Shape = InputShape.Script,
            Encodes = false,
            Words = ["a", "b", "a/b", "../", "/", "a/../..", ".", "..", "a/a/a/a", LayerScript.Victim],
            Seeds = LayerScript.Seeds,
            Start = () => new LayerScript().Run,
            FixedAllocation = 2 * 1024 * 1024,
            AllocationPerByte = 4096,
            QuickInputs = 200,
        },
    ];

    private static byte[]? ReadDocuments(ReadOnlyMemory<byte> input)
    {
        if (ImageJson.TryReadIndex(input, "x", out ImageIndex? index, out _))
        {
            ImageDescriptor? chosen = index.Choose("x64", out _);
            FuzzFailureException.Unless(chosen is null || chosen.Platform!.Fits("x64"), "an image for other machines was chosen");
        }

        if (ImageJson.TryReadManifest(input, "x", out ImageManifest? manifest, out _))
        {
            FuzzFailureException.Unless(manifest.Layers.All(layer => layer.Size >= 0), "a negative size");
        }

        ImageJson.TryReadDocker(input, "x", out _, out _);
        if (ImageJson.TryReadConfig(input, "x", out ImageConfig? config, out _))
        {
            FuzzFailureException.Unless(config.WorkingFolder is not { } folder || (folder.StartsWith('/') && !folder.Split('/').Contains("..")), "the folder is not in the image");
            FuzzFailureException.Unless(config.Variables.All(pair => pair.Key.Length > 0 && !pair.Key.Contains('=') && !pair.Value.Contains('\0')), "a variable that is none");
        }

        return null;
    }

    /// <summary>Chunks are blocks of 512 bytes; a header's check sum is made right when its first byte asks for it, so that inputs reach what is behind it.</summary>
    private static byte[]? ReadTar(ReadOnlyMemory<byte> input)
    {
        var archive = new MemoryStream();
        foreach (ReadOnlyMemory<byte> chunk in new Script(input))
        {
            byte[] block = new byte[TarHeader.BlockSize * Math.Max(1, (chunk.Length + TarHeader.BlockSize - 2) / TarHeader.BlockSize)];
            chunk.Span[Math.Min(1, chunk.Length)..].CopyTo(block);
            if (!chunk.IsEmpty && (chunk.Span[0] & 1) == 0)
            {
                PutSum(block);
            }

            archive.Write(block);
        }

        archive.Position = 0;
        var tar = new TarScanner(new MemoryArchive(archive), "x");
        try
        {
            var buffer = new byte[100];
            while (tar.Next() is { } entry)
            {
                FuzzFailureException.Unless(entry.Size >= 0 && entry.Name.Length <= ImageLimits.MaxExtendedHeader, "an entry beyond its bounds");
                if (LayerPath.TryRead(entry.Name, out LayerPath? path, out _))
                {
                    FuzzFailureException.Unless(!path.Parts.Any(part => part is "" or "." or ".." || part.Contains('/') || part.Contains('\0')), "a path that leads elsewhere");
                    if (path.Parts.Count > 0 && Whiteout.TryRead(path.Parts[^1], out Whiteout what, out _))
                    {
                        FuzzFailureException.Unless(what.Kind != WhiteoutKind.Removed || what.Name is not ("" or "." or ".."), "a whiteout that leads elsewhere");
                    }
                }

                tar.Read(buffer);
            }
        }
        catch (InvalidImageException)
        {
            // Refused.
        }

        return null;
    }

    private static void PutSum(byte[] block)
    {
        int sum = 8 * ' ';
        for (int i = 0; i < TarHeader.BlockSize; i++)
        {
            sum += i is < 148 or >= 156 ? block[i] : 0;
        }

        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block, 148);
    }

    private static IEnumerable<byte[]> TarSeeds()
    {
        yield return Script.Of(Header("a", '5', 0), Header("a/b", '0', 3), Content("abc"), Header("c", '2', 0, "a/b"), Header("d", '1', 0, "a/b"), Header("dev", '3', 0));
        yield return Script.Of(Header("pax", 'x', 18), Content("18 path=long/name\n"), Header("x", '0', 0), Header("././@LongLink", 'L', 5), Content("long\0"), Header("x", '\0', 0));
        yield return Script.Of(Header("pax", 'g', 14), Content("14 comment=ab\n"), Header(".wh.gone", '0', 0), Header(".wh..wh..opq", '0', 0));
    }

    private static byte[] Content(string text) => [1, .. Parts.Latin(text)];

    private static byte[] Header(string name, char type, int size, string link = "")
    {
        var block = new byte[1 + 265];
        Parts.Latin(name).CopyTo(block, 1);
        Parts.Latin("0000644\0").CopyTo(block, 101);
        Parts.Latin(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(block, 125);
        Parts.Latin("14000000000").CopyTo(block, 137);
        block[157] = (byte)type;
        Parts.Latin(link).CopyTo(block, 158);
        Parts.Latin("ustar\0" + "00").CopyTo(block, 258);
        return block;
    }

    private static byte[] Program()
    {
        const string loader = "/lib64/ld-linux-x86-64.so.2\0";
        byte[] program = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, .. new byte[113], .. Parts.Latin(loader)];
        BinaryPrimitives.WriteUInt16LittleEndian(program.AsSpan(18), 62);
        BinaryPrimitives.WriteUInt64LittleEndian(program.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(program.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(program.AsSpan(56), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(program.AsSpan(64), 3);
        BinaryPrimitives.WriteUInt64LittleEndian(program.AsSpan(72), 120);
        BinaryPrimitives.WriteUInt64LittleEndian(program.AsSpan(96), (ulong)loader.Length);
        return program;
    }

    private sealed class MemoryArchive(MemoryStream bytes) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer) => bytes.Read(buffer);
    }
}
