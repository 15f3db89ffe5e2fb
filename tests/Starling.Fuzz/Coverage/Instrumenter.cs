using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Starling.Fuzz.Coverage;

/// <summary>
/// Rewrites assemblies so that each basic block begins with a call of <see cref="Trace.Hit"/>, and writes beside them which block belongs to which type.
/// </summary>
internal sealed class Instrumenter
{
    /// <summary>The file that names the type of each block: line k for block k.</summary>
    public const string MapName = "blocks.txt";

    private readonly List<string> _blocks = [];

    /// <summary>Copies a folder of a built program, its assemblies of this project instrumented.</summary>
    public static void Copy(string from, string to)
    {
        if (Directory.Exists(to))
        {
            Directory.Delete(to, recursive: true);
        }

        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        var instrumenter = new Instrumenter();
        foreach (string name in new[] { "Starling.Core.dll", "Starling.Runtime.dll" })
        {
            instrumenter.Rewrite(Path.Combine(from, name), Path.Combine(to, name), from);
        }

        File.WriteAllLines(Path.Combine(to, MapName), instrumenter._blocks);
    }

    /// <summary>The type of each block so far.</summary>
    public IReadOnlyList<string> Blocks => _blocks;

    /// <summary>Writes an instrumented copy of one assembly.</summary>
    /// <param name="source">The assembly.</param>
    /// <param name="target">Where the copy goes.</param>
    /// <param name="folder">Where what it refers to lies.</param>
    public void Rewrite(string source, string target, string folder)
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(folder);
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        using var assembly = AssemblyDefinition.ReadAssembly(source, new ReaderParameters { AssemblyResolver = resolver });
        MethodReference hit = assembly.MainModule.ImportReference(typeof(Trace).GetMethod(nameof(Trace.Hit)));
        foreach (TypeDefinition type in assembly.MainModule.GetTypes())
        {
            foreach (MethodDefinition method in type.Methods.Where(method => method.HasBody && method.Body.Instructions.Count > 0))
            {
                Rewrite(method, hit, OuterName(type));
            }
        }

        assembly.Write(target);
    }

    private void Rewrite(MethodDefinition method, MethodReference hit, string owner)
    {
        MethodBody body = method.Body;
        body.SimplifyMacros();
        ILProcessor il = body.GetILProcessor();
        var moved = new Dictionary<Instruction, Instruction>();
        foreach (Instruction start in Starts(body))
        {
            Instruction number = il.Create(OpCodes.Ldc_I4, _blocks.Count);
            _blocks.Add(owner);
            il.InsertBefore(start, number);
            il.InsertBefore(start, il.Create(OpCodes.Call, hit));
            moved.Add(start, number);
        }

        Retarget(body, moved);
        body.OptimizeMacros();
    }

    /// <summary>The first instruction, the targets of jumps, what follows a conditional jump, and the starts of handlers.</summary>
    private static List<Instruction> Starts(MethodBody body)
    {
        var starts = new HashSet<Instruction> { body.Instructions[0] };
        foreach (Instruction instruction in body.Instructions)
        {
            switch (instruction.Operand)
            {
                case Instruction target:
                    starts.Add(target);
                    break;
                case Instruction[] targets:
                    starts.UnionWith(targets);
                    break;
            }

            if (instruction.OpCode.FlowControl == FlowControl.Cond_Branch && instruction.Next is { } next)
            {
                starts.Add(next);
            }
        }

        foreach (ExceptionHandler handler in body.ExceptionHandlers)
        {
            starts.Add(handler.HandlerStart);
        }

        // A prefix belongs to what it stands before.
        return [.. body.Instructions.Where(each => starts.Contains(each) && each.Previous?.OpCode.OpCodeType != OpCodeType.Prefix)];
    }

    private static void Retarget(MethodBody body, Dictionary<Instruction, Instruction> moved)
    {
        foreach (Instruction instruction in body.Instructions)
        {
            switch (instruction.Operand)
            {
                case Instruction target:
                    instruction.Operand = moved.GetValueOrDefault(target, target);
                    break;
                case Instruction[] targets:
                    instruction.Operand = targets.Select(target => moved.GetValueOrDefault(target, target)).ToArray();
                    break;
            }
        }

        foreach (ExceptionHandler handler in body.ExceptionHandlers)
        {
            handler.TryStart = Moved(handler.TryStart);
            handler.TryEnd = Moved(handler.TryEnd);
            handler.HandlerStart = Moved(handler.HandlerStart);
            handler.HandlerEnd = Moved(handler.HandlerEnd);
            handler.FilterStart = Moved(handler.FilterStart);
        }

        Instruction? Moved(Instruction? at) => at is null ? null : moved.GetValueOrDefault(at, at);
    }

    /// <summary>The full name of the outermost type: closures and state machines count for it.</summary>
    private static string OuterName(TypeDefinition type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{type.FullName}");
    }
}
